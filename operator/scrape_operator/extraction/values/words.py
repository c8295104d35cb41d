"""Dates in words, by dateparser. Called by `dates`, in worker processes only: loading it takes 0.3 s and 30 MB."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, time, tzinfo
from importlib import import_module
from typing import Any, Final

from scrape_operator.extraction.values.languages import language_and_region
from scrape_operator.extraction.values.zones import is_known_zone

_MAX_LENGTH: Final = 64
_LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "sv", "tr", "cs")
"""Tried in this order where the page does not say its language: trying all 200 that dateparser knows takes seconds."""

_WORD: Final = re.compile(r"[^\W\d_]{2}|[^\W\d_a-zA-Z]")
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
_RANGE: Final = re.compile(r"(?<![\d.-])\d{1,2}\.?\s*[-\u2013]\s*\d{1,2}\.?\s+[^\W\d_]{3}")
"""Two days of a month."""
_NO_DAY: Final = re.compile(
    r"\d{1,2}[:.]\d{2}(?::\d{2})?|\d{1,2}\s*h\s*(?:\d{2})?(?![^\W\d_])|\d{1,2}\s*[ap]\.?m|\d{1,2}\s*[\u6708\uc6d4]",
    re.IGNORECASE,
)
"""A time, or a month by its number."""
_WITHOUT_NOW: Final = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"]}

_SPELLINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "he": {
        "\u05d9\u05e0\u05d5\u05f3": "\u05d9\u05e0\u05d5\u05d0\u05e8",
        "\u05e4\u05d1\u05e8\u05f3": "\u05e4\u05d1\u05e8\u05d5\u05d0\u05e8",
        "\u05d0\u05e4\u05e8\u05f3": "\u05d0\u05e4\u05e8\u05d9\u05dc",
        "\u05d0\u05d5\u05d2\u05f3": "\u05d0\u05d5\u05d2\u05d5\u05e1\u05d8",
        "\u05e1\u05e4\u05d8\u05f3": "\u05e1\u05e4\u05d8\u05de\u05d1\u05e8",
        "\u05d0\u05d5\u05e7\u05f3": "\u05d0\u05d5\u05e7\u05d8\u05d5\u05d1\u05e8",
        "\u05e0\u05d5\u05d1\u05f3": "\u05e0\u05d5\u05d1\u05de\u05d1\u05e8",
        "\u05d3\u05e6\u05de\u05f3": "\u05d3\u05e6\u05de\u05d1\u05e8",
    },
    "hi": {"\u0905\u0915\u094d\u091f\u0942\u0970": "\u0905\u0915\u094d\u091f\u0942\u092c\u0930"},
    "ja": dict.fromkeys((f"{day}\u66dc\u65e5" for day in "\u65e5\u6708\u706b\u6c34\u6728\u91d1\u571f"), " "),
    "lt": {" m.": " ", " d.": " "},
    "lv": {" gada ": " "},
    "th": {"\u0e21\u0e35.\u0e04.": "\u0e21\u0e35\u0e19\u0e32\u0e04\u0e21", "\u0e04.\u0e28.": " "},
}
"""Months and signs of dates of CLDR that dateparser does not know, or takes for others, and what it knows."""


def has_words(text: str) -> bool:
    """Whether a text may be a date in words."""
    return len(text) <= _MAX_LENGTH and _WORD.search(text) is not None and not _RANGE.search(text)


def parse_words(text: str, zone: tzinfo, *, language: str, now: datetime | None) -> datetime | None:
    """Read a date in words; the result is in `zone` where it has none.

    `now` is what relative and incomplete dates count from; without it they are not read. A month with its year stands
    for its first day, and one without is not read.
    """
    dateparser = import_module("dateparser.date")
    spelled = _spelled(text, language)
    settings = _settings(spelled, now.astimezone(zone).replace(tzinfo=None) if now else None)
    for known in _languages(language):
        # It raises whatever its regular expressions and arithmetic do.
        with suppress(Exception):
            return _whole(dateparser.DateDataParser(settings=settings, **known).get_date_data(spelled), spelled)
    return None


def _spelled(text: str, language: str) -> str:
    """Return a text with months as dateparser knows them."""
    for written, known in _SPELLINGS.get(language_and_region(language)[0], {}).items():
        text = text.replace(written, known)
    return " ".join(text.split())


def _settings(text: str, base: datetime | None) -> dict[str, Any]:
    """Return the settings for a text.

    dateparser takes months such as Mart and set for zones, unless it has to find the month.
    """
    if base is None:
        return _WITHOUT_NOW
    if not _YEAR.search(text):
        return {"RELATIVE_BASE": base}
    has_day = any(map(str.isdigit, _YEAR.sub("", _NO_DAY.sub("", text), 1)))
    return {"RELATIVE_BASE": base, "REQUIRE_PARTS": [*(["day"] if has_day else []), "month", "year"]}


def _whole(found: Any, text: str) -> datetime | None:
    """Return the date of what dateparser found, which takes the day of a month without one from today."""
    date = found.date_obj
    if not isinstance(date, datetime) or not is_known_zone(date.tzname(), date.utcoffset()):
        return None
    # A word that another language has for hours or days makes a relative date of an absolute one.
    if (years := _YEAR.findall(text)) and str(date.year) not in years:
        return None
    if found.period != "month" or date.time() != time():
        return date
    return date.replace(day=1) if _YEAR.search(text) else None


def _languages(tag: str) -> list[dict[str, list[str]]]:
    """Return the languages for dateparser, the best first. It refuses codes that it does not have."""
    primary, region = language_and_region(tag)
    named = [{"languages": [primary, "en"]}] if primary else []
    exact = [{"locales": [f"{primary}-{region.upper()}"], "languages": ["en"]}] if region else []
    return [*exact, *named, {"languages": list(_LANGUAGES)}]
