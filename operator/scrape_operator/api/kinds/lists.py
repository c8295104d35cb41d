"""How lists behave: which are maps or sets to the API server, and that their members are unique."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

DUPLICATE_ERROR = "duplicate"
"""The type of the validation error; its context's `suffix` leads from the list to the member that is one too many."""

_SHOWN = 64


@dataclass(frozen=True, slots=True)
class ListMap:
    """Annotates a list of objects: no two have the same `key`, and server-side apply merges them by it."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check that the keys are unique."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, entries: Any) -> Any:
        seen = set()
        for index, entry in enumerate(entries):
            value = getattr(entry, self.key)
            if value in seen:
                raise _duplicate(f"[{index}].{self.key}", value, f"give every entry another {self.key}")
            seen.add(value)
        return entries

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell the API server how to merge the list."""
        return handler(schema) | {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.key]}


@dataclass(frozen=True, slots=True)
class ListSet:
    """Annotates a list of scalars in which none is given twice."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check that the members are unique."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, entries: Any) -> Any:
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                raise _duplicate(f"[{index}]", entry, "remove one")
        return entries

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell the API server that the list is a set."""
        return handler(schema) | {"x-kubernetes-list-type": "set"}


def _duplicate(suffix: str, value: object, remedy: str) -> PydanticCustomError:
    return PydanticCustomError(
        DUPLICATE_ERROR,
        "{value} is given twice: {remedy}",
        {"suffix": suffix, "value": repr(str(value)[:_SHOWN]), "remedy": remedy},
    )
