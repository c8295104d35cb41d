"""Dates in words, by dateparser. Called by `dates`, in worker processes only: loading it takes 0.3 s and 30 MB."""

import re
from contextlib import suppress
from datetime import datetime, tzinfo
from importlib import import_module
from typing import Final

_MAX_LENGTH: Final = 64
_LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "sv", "tr", "cs")
"""Tried in this order where the page does not say its language: trying all 200 that dateparser knows takes seconds."""

_WORD: Final = re.compile(r"[^\W\d_]{2}|[^\W\d_a-zA-Z]")
_WITHOUT_NOW: Final = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"]}


def has_words(text: str) -> bool:
    """Whether a text may be a date in words."""
    return len(text) <= _MAX_LENGTH and _WORD.search(text) is not None


def parse_words(text: str, zone: tzinfo, *, language: str, now: datetime | None) -> datetime | None:
    """Read a date in words; the result is in `zone` where it has none.

    `now` is what relative and incomplete dates count from; without it they are not read.
    """
    dateparser = import_module("dateparser")
    base = now.astimezone(zone).replace(tzinfo=None) if now else None
    settings = {"RELATIVE_BASE": base} if base else _WITHOUT_NOW
    for known in _languages(language):
        # It raises whatever its regular expressions and arithmetic do.
        with suppress(Exception):
            found = dateparser.parse(text, settings=settings, **known)
            return found if isinstance(found, datetime) else None
    return None


def _languages(tag: str) -> list[dict[str, list[str]]]:
    """Return what dateparser is told about the language, best first; it refuses what it does not know."""
    primary, _, region = tag.replace("_", "-").partition("-")
    named = [{"languages": [primary.lower(), "en"]}] if primary else []
    exact = [{"locales": [f"{primary.lower()}-{region.upper()}"], "languages": ["en"]}] if region else []
    return [*exact, *named, {"languages": list(_LANGUAGES)}]
