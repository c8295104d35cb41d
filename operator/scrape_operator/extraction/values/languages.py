"""Looks up what a language settles, by its BCP 47 tag. Called by `numbers` and `dates`."""

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")


def of_language(tag: str, values: Mapping[str, Value], other: Value) -> Value | None:
    """Return the value of a tag, or else of its language, or else `other`; None where the tag names no language."""
    tag = tag.replace("_", "-").lower()
    language = tag.partition("-")[0]
    return values.get(tag, values.get(language, other)) if language.isalpha() else None
