"""What is wrong with a value and what to do, in the words of this project for the errors of pydantic."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from scrape_operator.api.kinds.values import REMEDIES

_Context = Mapping[str, Any]


def message_of(detail: ErrorDetails) -> str:
    """Return the end of a sentence that begins with the field's path."""
    say = _MESSAGES.get(detail["type"])
    return say(detail.get("ctx", {})) if say else detail["msg"].removeprefix("Value error, ")


def _pattern(context: _Context) -> str:
    return REMEDIES.get(context["pattern"], f"must match {context['pattern']}")


_MESSAGES: dict[str, Callable[[_Context], str]] = {
    "missing": lambda _: "is required: add it",
    "invalid_key": lambda _: "must be text, as all names of fields",
    "string_type": lambda _: "must be text: put it in quotes",
    "string_unicode": lambda _: "must be text without lone surrogates",
    "string_too_short": lambda c: f"must have at least {c['min_length']} character{'s' * (c['min_length'] > 1)}",
    "string_too_long": lambda c: f"must have at most {c['max_length']} characters",
    "string_pattern_mismatch": _pattern,
    "int_type": lambda _: "must be a whole number, without quotes",
    "bool_type": lambda _: "must be true or false, without quotes",
    "enum": lambda c: f"must be {c['expected']}".replace("'", ""),
    "literal_error": lambda c: f"must be {c['expected']}".replace("'", ""),
    "model_type": lambda _: "must be an object with named fields",
    "model_attributes_type": lambda _: "must be an object with named fields",
    "dict_type": lambda _: "must be an object with named fields",
    "mapping_type": lambda _: "must be an object with named fields",
    "tuple_type": lambda _: "must be a list",
    "too_short": lambda c: f"must have at least {c['min_length']} entr{'ies' if c['min_length'] > 1 else 'y'}",
    "too_long": lambda c: f"must have at most {c['max_length']} entries",
    "greater_than_equal": lambda c: f"must be {c['ge']} or more",
    "less_than_equal": lambda c: f"must be {c['le']} or less",
}
