"""The scalar types of the API: what the API server means by text, integer, boolean, int-or-string, duration, bytes.

Nothing is coerced: `"5"` is no integer and `1` no boolean, as for the API server.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

LABEL_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
FIELD_NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,62}$"

Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Text = Annotated[str, Strict()]

Label = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63, pattern=LABEL_PATTERN)]
FieldName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63, pattern=FIELD_NAME_PATTERN)]
Expression = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]
Description = Annotated[str, StringConstraints(strict=True, max_length=1024)]
AnyJSON = Annotated[Any, Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})]


@dataclass(frozen=True, slots=True)
class IntOrString:
    """Annotates `int | str`: an integer from `minimum` on, or a text of 1 to `max_length` characters."""

    minimum: int
    max_length: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check without coercion."""
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> int | str:
        if isinstance(value, str) and 1 <= len(value) <= self.max_length:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value >= self.minimum:
            return value
        raise PydanticCustomError(
            "int_or_string",
            "must be an integer from {minimum} on, or a text of 1 to {max_length} characters",
            {"minimum": self.minimum, "max_length": self.max_length},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it as Kubernetes does."""
        return {
            "x-kubernetes-int-or-string": True,
            "minimum": self.minimum,
            "minLength": 1,
            "maxLength": self.max_length,
        }


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
                raise PydanticCustomError(
                    "duplicate",
                    "{value} is given twice: every {key} must be another",
                    {"suffix": f"[{index}].{self.key}", "value": repr(value), "key": self.key},
                )
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
                raise PydanticCustomError(
                    "duplicate",
                    "{value} is given twice: remove one",
                    {"suffix": f"[{index}]", "value": repr(str(entry))},
                )
        return entries

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell the API server that the list is a set."""
        return handler(schema) | {"x-kubernetes-list-type": "set"}
