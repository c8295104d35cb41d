"""Converts a pydantic model to a structural schema, the subset of OpenAPI v3 that a CRD may hold.

What a structural schema cannot express is an error here, so that a model never allows less than its CRD.
"""

from dataclasses import dataclass, replace

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from scrape_operator.api.schema.describing import Schema, description_of

_KEPT = frozenset(
    {
        "additionalProperties",
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "pattern",
        "properties",
        "required",
        "type",
    }
)
_EXTENSION = "x-kubernetes-"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"


class _Generator(GenerateJsonSchema):
    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Emit no warning of defaults such as a timedelta: `ApiModel` writes them as users do."""
        if kind != "non-serializable-default":
            super().emit_warning(kind, detail)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the schema the conversion is.

    Attributes:
        definitions: The schemas that references lead to.
        inside: The names of the models around the place, outermost first.
        is_in_list: Whether the place is inside a list. No default may stand there: kubectl and Argo CD compare lists
            as a whole, so a default that the API server writes into one is a difference after every apply.
        is_input: Whether users write the object, so that descriptions state defaults and allowed values.

    """

    definitions: dict[str, Schema]
    inside: tuple[str, ...] = ()
    is_in_list: bool = False
    is_input: bool = True


def structural(model: type[BaseModel], *, is_input: bool = True) -> Schema:
    """Return the structural schema of a model.

    Args:
        model: The model of a spec or a status.
        is_input: Whether users write the object, so that descriptions state defaults and allowed values.

    Raises:
        TypeError: The model holds a union, a tuple of several types, or itself.

    """
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = schema.pop("$defs", {})
    return _convert(schema, _Place(definitions, (model.__name__,), is_input=is_input))


def _convert(schema: Schema, place: _Place) -> Schema:
    schema = _one_alternative(schema)
    if reference := schema.pop("$ref", None):
        name = reference.rpartition("/")[2]
        if name in place.inside:
            raise TypeError(f"{name} holds itself: a structural schema cannot express this")
        return _convert({**place.definitions[name], **schema}, replace(place, inside=(*place.inside, name)))
    _convert_members(schema, place)
    if place.is_in_list or schema.get("default", 0) in (None, []):
        schema.pop("default", None)
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    return {
        keyword: value
        for keyword, value in sorted(schema.items())
        if keyword in _KEPT or keyword.startswith(_EXTENSION)
    }


def _one_alternative(schema: Schema) -> Schema:
    """Return `T | None` as T: to the API server a null is an absent member."""
    schema = dict(schema)
    alternatives = [a for a in schema.pop("anyOf", ()) if a.get("type") != "null"]
    if len(alternatives) > 1 or "oneOf" in schema or "allOf" in schema or "prefixItems" in schema:
        raise TypeError(f"{schema.get('title')}: use optional members and a rule instead of a union")
    if alternatives:
        return {**alternatives[0], **schema}
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    return schema


def _convert_members(schema: Schema, place: _Place) -> None:
    match schema.get("type"):
        case "object" if "properties" in schema:
            # Unknown members are pruned by the API server, or refused by strict field validation.
            schema.pop("additionalProperties", None)
            members = schema["properties"].items()
            schema["properties"] = {name: _convert_member(member, place) for name, member in members}
        case "object" if schema.get("additionalProperties") is True:
            del schema["additionalProperties"]
            schema[_PRESERVE] = True
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            schema["additionalProperties"] = _convert(schema["additionalProperties"], place)
        case "array":
            schema["items"] = _convert(schema["items"], replace(place, is_in_list=True))
            schema.setdefault(f"{_EXTENSION}list-type", "atomic")
        case "integer":
            schema.setdefault("format", "int64")
        case None if not schema.keys() & {f"{_EXTENSION}int-or-string", _PRESERVE}:
            raise TypeError(f"{schema.get('title')}: a member without a type must say that it preserves unknown fields")
        case _:
            pass


def _convert_member(member: Schema, place: _Place) -> Schema:
    if not place.is_input:
        return _convert(member, place)
    whole = _resolved(member, place)
    return _convert({**member, "description": description_of(whole)}, place)


def _resolved(schema: Schema, place: _Place) -> Schema:
    """Return a member with what its reference or its only alternative says."""
    schema = _one_alternative(schema)
    reference = schema.pop("$ref", None)
    return {**place.definitions[reference.rpartition("/")[2]], **schema} if reference else schema
