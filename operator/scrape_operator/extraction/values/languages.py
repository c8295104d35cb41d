"""Reads BCP 47 tags, and looks up what a language settles. Called by `numbers`, `dates`, `calendars` and `words`."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from scrape_operator.extraction.values.locales import ALIASES

Value = TypeVar("Value")

_TAG: Final = re.compile(r"([a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-([a-z]{2}|[0-9]{3}))?(?=-|$)", re.ASCII)
"""Language, extended languages, script and region. What follows is of no account: variants, extensions, private use."""
_ALIASES: Final = dict(alias.split("=") for alias in ALIASES.split())


def language_and_region(tag: str) -> tuple[str, str]:
    """Return the language and the region of a tag in lower case; empty texts where it has none."""
    found = _TAG.match(tag.replace("_", "-").lower())
    if found is None:
        return "", ""
    language, region = found.groups("")
    return _ALIASES.get(language, language), region


def of_language(tag: str, values: Mapping[str, Value]) -> Value | None:
    """Return the value of a tag's language with its region, or else of its language, None where it has no value."""
    language, region = language_and_region(tag)
    return values.get(f"{language}-{region}", values.get(language))
