"""The annotations of lists that are maps or sets to the API server: their members are unique."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

DUPLICATE_ERROR = "duplicate"
"""The type of the validation error. `suffix` in its context is the path from the list to the duplicate."""

_SHOWN = 64


@dataclass(frozen=True, slots=True)
class ListMap:
    """The annotation of a list of objects with unique values of `key`, by which server-side apply merges them."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that also checks that the keys are unique."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, entries: Any) -> Any:
        seen = set()
        for index, entry in enumerate(entries):
            value = getattr(entry, self.key)
            if value in seen:
                raise _duplicate(f"[{index}].{self.key}", value, f"every entry needs its own {self.key}")
            seen.add(value)
        return entries

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema with the key by which the API server merges the list."""
        return handler(schema) | {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.key]}


@dataclass(frozen=True, slots=True)
class ListSet:
    """The annotation of a list of scalars without duplicates."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that also checks that the members are unique."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, entries: Any) -> Any:
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                raise _duplicate(f"[{index}]", entry, "remove one")
        return entries

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of a set."""
        return handler(schema) | {"x-kubernetes-list-type": "set"}


def _duplicate(suffix: str, value: object, remedy: str) -> PydanticCustomError:
    return PydanticCustomError(
        DUPLICATE_ERROR,
        "{value} appears twice: {remedy}",
        {"suffix": suffix, "value": repr(str(value)[:_SHOWN]), "remedy": remedy},
    )
