"""Completes the description of a field with what its schema says: default and allowed values.

`kubectl explain` shows descriptions and little else, so everything that a user has to know stands there.
"""

import json
from collections.abc import Iterator
from typing import Any

from scrape_operator.api.kinds.base import ALLOWED

Schema = dict[str, Any]


def description_of(schema: Schema) -> str:
    """Return the complete description of a field."""
    sentences = (" ".join(schema.get("description", "").split()), *_facts(schema))
    return " ".join(sentence for sentence in sentences if sentence)


def _facts(schema: Schema) -> Iterator[str]:
    default = schema.get("default")
    if default is not None and not isinstance(default, dict) and default != []:
        yield f"Default: {_text(default)}."
    if allowed := _allowed(schema):
        yield f"Allowed: {allowed}."


def _allowed(schema: Schema) -> str:
    if ALLOWED in schema:
        return str(schema[ALLOWED])
    if schema.get("type") == "integer" and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema.get("type") == "array" and "maxItems" in schema and "enum" not in schema["items"]:
        return f"{schema.get('minItems', 0)} to {schema['maxItems']} entries"
    if "enum" in schema:
        return ", ".join(schema["enum"])
    return ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value)
