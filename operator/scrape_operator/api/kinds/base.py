"""The base class of the models of the API: camelCase in objects, snake_case in Python, unknown fields refused."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from scrape_operator.api.rules import Rule

ALLOWED = "x-allowed"
"""The keyword of a schema in which a type states its allowed values as text. It is not part of the CRD."""


class ApiModel(BaseModel):
    """A part of an object.

    `rules` relate its members to each other. `validation` checks them after the types.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        # To the API server a null is an absent member, for which the default counts.
        if isinstance(data, dict) and None in data.values():
            return {name: value for name, value in data.items() if value is not None}
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema with the model's rules, and with defaults as users write them (10Mi, 30s)."""
        result = handler.resolve_ref_schema(handler(schema))
        for name, default in cls._defaults().items():
            result["properties"][name]["default"] = default
        if cls.rules:
            result["x-kubernetes-validations"] = [rule.as_cel() for rule in cls.rules]
        return result

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        absent = (None, ())
        given = {
            name for name, field in cls.model_fields.items() if not field.is_required() and field.default not in absent
        }
        return cls.model_construct().model_dump(mode="json", by_alias=True, include=given)
