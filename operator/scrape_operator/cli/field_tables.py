"""Renders the fields of a kind as tables of Markdown, from the schema of its CRD."""

from collections.abc import Iterator, Mapping
from typing import Any

from scrape_operator.api.kinds.registry import Kind
from scrape_operator.api.schema.crd import crd_of

Schema = Mapping[str, Any]


def field_tables(kind: Kind, part: str) -> str:
    """Return the tables of `spec` or `status`: one table for each object in it, outermost first."""
    root = crd_of(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
    return "\n".join(_table(path, schema) for path, schema in _objects(part, root))


def _objects(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Return the objects with named fields in a schema, each with its path."""
    yield path, schema
    for name, member in schema["properties"].items():
        is_list = member.get("type") == "array"
        inner = member["items"] if is_list else member
        if "properties" in inner:
            yield from _objects(f"{path}.{name}{'[]' if is_list else ''}", inner)


def _table(path: str, schema: Schema) -> str:
    rows = "".join(
        f"| `{name}`{' *' if name in schema.get('required', ()) else ''} | {_type(member)} | {_text(member)} |\n"
        for name, member in schema["properties"].items()
    )
    return f"#### `{path}`\n\n{_text(schema)}\n\n| field | type | meaning |\n|---|---|---|\n{rows}"


def _type(schema: Schema) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or text"
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema['items'])}"
        case "string":
            return {"date-time": "time"}.get(schema.get("format", ""), "text")
        case None:
            return "any JSON"
        case name:
            return str(name)


def _text(schema: Schema) -> str:
    """Return the description for a cell of a table."""
    return str(schema.get("description", "")).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
