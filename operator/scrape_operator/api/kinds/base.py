"""The base of every model of the API: camelCase outside, snake_case inside, unknown fields refused."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from scrape_operator.api.rules import Rule


class ApiModel(BaseModel):
    """A part of an object. `rules` are the laws between its members; `validation` checks them after the types."""

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
        # As the API server does: a null is an absent member, and then the default counts.
        if isinstance(data, dict) and None in data.values():
            return {name: value for name, value in data.items() if value is not None}
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the model's rules to its schema, and write defaults as users write them (10Mi, 30s)."""
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
