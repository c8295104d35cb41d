"""From a pydantic model to a structural schema, the subset of OpenAPI v3 that a CRD may hold.

`crd` calls this. What a structural schema can't say is an error here, so that a model never means more than its CRD.
"""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

Schema = dict[str, Any]

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
    # A default such as a timedelta is written by the model itself; pydantic need not warn that JSON has none.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 -- pydantic's own name


def structural(model: type[BaseModel]) -> Schema:
    """Give the structural schema of a model.

    Raises:
        TypeError: the model holds a union, a tuple, or itself: a structural schema can't say so.

    """
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    return _convert(schema, schema.pop("$defs", {}), ())


def _convert(schema: Schema, definitions: dict[str, Schema], inside: tuple[str, ...]) -> Schema:
    schema = _one_alternative(schema)
    if reference := schema.pop("$ref", None):
        name = reference.rpartition("/")[2]
        if name in inside:
            raise TypeError(f"{name} holds itself: a structural schema can't say so")
        return _convert({**definitions[name], **schema}, definitions, (*inside, name))
    _convert_members(schema, definitions, inside)
    if schema.get("default", 0) in (None, []):
        del schema["default"]
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    return {
        keyword: value
        for keyword, value in sorted(schema.items())
        if keyword in _KEPT or keyword.startswith(_EXTENSION)
    }


def _one_alternative(schema: Schema) -> Schema:
    """Read `T | None` as T: to the API server a null is an absent member."""
    schema = dict(schema)
    alternatives = [a for a in schema.pop("anyOf", ()) if a.get("type") != "null"]
    if len(alternatives) > 1 or "oneOf" in schema or "allOf" in schema or "prefixItems" in schema:
        raise TypeError(f"{schema.get('title')}: use optional members and a rule instead of a union")
    if alternatives:
        return {**alternatives[0], **schema}
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    return schema


def _convert_members(schema: Schema, definitions: dict[str, Schema], inside: tuple[str, ...]) -> None:
    match schema.get("type"):
        case "object" if "properties" in schema:
            # Unknown members are pruned by the API server, or refused by strict field validation.
            schema.pop("additionalProperties", None)
            members = schema["properties"].items()
            schema["properties"] = {name: _convert(member, definitions, inside) for name, member in members}
        case "object" if schema.get("additionalProperties") is True:
            del schema["additionalProperties"]
            schema[_PRESERVE] = True
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            schema["additionalProperties"] = _convert(schema["additionalProperties"], definitions, inside)
        case "array":
            schema["items"] = _convert(schema["items"], definitions, inside)
            schema.setdefault(f"{_EXTENSION}list-type", "atomic")
        case "integer":
            schema.setdefault("format", "int64")
        case None if not schema.keys() & {f"{_EXTENSION}int-or-string", _PRESERVE}:
            raise TypeError(f"{schema.get('title')}: a member without a type must say that it preserves unknown fields")
        case _:
            pass
