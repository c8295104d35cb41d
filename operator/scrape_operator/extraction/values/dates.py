"""Instants as documents write them, given as RFC 3339 in UTC. Called by `types`."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final

from scrape_operator.core.times import rfc3339

_MAX_LENGTH: Final = 96
_MAX_WORDS_LENGTH: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS: Final = 10**11
"""From here on a number counts milliseconds: as seconds it would be the year 5138."""

_LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "sv", "tr", "cs")
"""Tried in this order where the page does not say its language: trying all 200 that dateparser knows takes seconds."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,9})?", re.ASCII)
_USUAL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
"""The one of the many forms of ISO 8601 that nearly all documents have."""
_YEAR: Final = re.compile(r"[1-9][0-9]{3}", re.ASCII)
_YEAR_AND_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_ISO: Final = re.compile(r"[0-9]{4}-?(?:[0-9]{2}|W[0-9]{2}|[0-9]{3})", re.ASCII)
_ORDINAL: Final = re.compile(r"([0-9]{4})-?([0-9]{3})", re.ASCII)
_RFC_2822: Final = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?[0-9]{1,2}[\s-]+[A-Za-z]{3}[\s-]+[0-9]{2,4}\s+[0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
    r"(?:\s+(?:[+-][0-9]{4}|[A-Za-z]{1,5}))?(?:\s*\([^()]*\))?",
    re.ASCII,
)
_WORDS: Final = re.compile(r"[^\W\d_]{2}|[^\W\d_a-zA-Z]|[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}")


_WITHOUT_NOW: Final = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"]}


def format_instant(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 in UTC: `2026-11-24T10:05:13Z`, with a fraction only where there is one."""
    return rfc3339(instant, "shortest")


def instant_of_epoch(number: float) -> datetime | None:
    """Read seconds, or milliseconds, since 1970-01-01T00:00:00Z; None where no calendar reaches it."""
    milliseconds = number if abs(number) >= _FIRST_MILLISECONDS else number * 1000
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return None


def parse_instant(text: str, zone: tzinfo) -> datetime | None:
    """Read ISO 8601, RFC 2822, or a number of seconds or milliseconds since the epoch.

    Four digits are a year and eight a date. A text without a zone is in `zone`. None where the text is none of these.
    """
    if len(text) > _MAX_LENGTH:
        return None
    found = _iso(text)
    if found is None and _NUMBER.fullmatch(text):
        return instant_of_epoch(float(text))
    if found is None and _RFC_2822.fullmatch(text):
        found = _rfc_2822(text)
    return None if found is None else _to_utc(found, zone)


def has_words(text: str) -> bool:
    """Whether a text that `parse_instant` can't read may be a date in words, or in a local order of numbers."""
    return len(text) <= _MAX_WORDS_LENGTH and _WORDS.search(text) is not None


def parse_words(text: str, zone: tzinfo, *, language: str, now: datetime | None) -> datetime | None:
    """Read a date in words, such as `24. Dezember 2025` or `3 hours ago`.

    `now` is what relative and incomplete dates count from; without it they are not read. Slow: a
    millisecond where it succeeds, several where not, a second for the first one in a process.
    """
    import dateparser  # noqa: PLC0415 -- 0.3 s and 30 MB, for the few documents that have such dates

    base = now.astimezone(zone).replace(tzinfo=None) if now else None
    settings = {"RELATIVE_BASE": base} if base else _WITHOUT_NOW
    for known in _languages(language):
        try:
            found = dateparser.parse(text, settings=settings, **known)
        except Exception:  # noqa: BLE001, S112 -- it raises whatever its regular expressions and arithmetic do
            continue
        return _to_utc(found, zone) if isinstance(found, datetime) else None
    return None


def _languages(tag: str) -> list[dict[str, list[str]]]:
    """List what to tell dateparser about the language, best first; it refuses what it does not know."""
    primary, _, region = tag.replace("_", "-").partition("-")
    named = [{"languages": [primary.lower(), "en"]}] if primary else []
    exact = [{"locales": [f"{primary.lower()}-{region.upper()}"], "languages": ["en"]}] if region else []
    return [*exact, *named, {"languages": list(_LANGUAGES)}]


def _iso(text: str) -> datetime | None:
    """Read ISO 8601: calendar, week and ordinal dates, also a year or a month alone, basic and extended."""
    try:
        return datetime.fromisoformat(text) if _USUAL.fullmatch(text) else _unusual_iso(text)
    except (ValueError, OverflowError):
        return None


def _unusual_iso(text: str) -> datetime | None:
    """Read ISO 8601. Raises ValueError and OverflowError where there is no such date."""
    if _YEAR.fullmatch(text):
        text = f"{text}-01-01"
    elif _YEAR_AND_MONTH.fullmatch(text):
        text = f"{text}-01"
    if not _ISO.match(text):
        return None
    if ordinal := _ORDINAL.fullmatch(text):
        year, day = map(int, ordinal.groups())
        found = datetime(year, 1, 1) + timedelta(days=day - 1)  # noqa: DTZ001 -- the zone comes later
        return found if found.year == year and "-" in text else None
    return datetime.fromisoformat(text.replace(" UTC", "Z").replace(" Z", "Z").replace(" +", "+"))


def _rfc_2822(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    # "-0000" says that the zone is not known (RFC 5322, 3.3), and comes without one.
    return found.replace(tzinfo=UTC) if found.tzinfo is None and text.rstrip().endswith("-0000") else found


def _to_utc(found: datetime, zone: tzinfo) -> datetime | None:
    try:
        if type(found.tzinfo) is timezone:
            return found.astimezone(UTC)
        offset = found.utcoffset()
        aware = found.replace(tzinfo=zone) if offset is None else found.replace(tzinfo=timezone(offset))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
