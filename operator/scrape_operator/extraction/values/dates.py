"""Instants as documents write them, after the rules of docs/extraction.md. Called by `types`."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final

from scrape_operator.api.kinds.extract import DateOrder
from scrape_operator.extraction.values.calendars import with_gregorian_years
from scrape_operator.extraction.values.digits import ascii_digits
from scrape_operator.extraction.values.languages import of_language
from scrape_operator.extraction.values.locales import DAY_FIRST, MONTH_FIRST, YEAR_FIRST
from scrape_operator.extraction.values.times_of_day import in_order
from scrape_operator.extraction.values.unreadable import Unreadable
from scrape_operator.extraction.values.words import has_words, parse_words
from scrape_operator.extraction.values.zones import split_zone

_ORDERS: Final[Mapping[str, DateOrder | None]] = {
    **dict.fromkeys(DAY_FIRST.split(), DateOrder.DMY),
    **dict.fromkeys(MONTH_FIRST.split(), DateOrder.MDY),
    **dict.fromkeys(YEAR_FIRST.split()),
}
_MAX_LENGTH: Final = 96
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS: Final = 10**11
"""From here on a number counts milliseconds: as seconds it would be the year 5138."""
_MONTHS: Final = 12
_HALF_DAY_HOURS: Final = 12
_YEAR_DIGITS: Final = 4
_LONGEST_MONTH: Final = 31
_FIRST_YEAR_OF_LAST_CENTURY: Final = 69
"""Years of two digits: 69 to 99 are 1969 to 1999, as in POSIX strptime."""

_TRANSLATED: Final = str.maketrans(
    {"\u2212": "-", "\u060c": ","}
    | dict.fromkeys("\u00a0\u2009\u202f", " ")
    | dict.fromkeys("\u061c\u200e\u200f\u2066\u2067\u2068\u2069", "")
)
_NUMBER: Final = re.compile(r"-?[0-9]{1,17}|-?[0-9]{7,17}\.[0-9]{1,9}", re.ASCII)
"""A fraction is read only after seven digits or more: 12.05 and 03.2020 are dates without a year or a day."""
_USUAL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
"""The one of the many forms of ISO 8601 that nearly all documents have."""
_YEAR: Final = re.compile(r"[1-9][0-9]{3}", re.ASCII)
_YEAR_AND_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_ISO_DATE: Final = r"[0-9]{4}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4}|-W[0-9]{2}(?:-[0-9])?|W[0-9]{2}[0-9]?)"
_ISO: Final = re.compile(rf"{_ISO_DATE}(?:$|T| (?=[0-9]{{2}}:))|[0-9]{{8}} (?=[0-9]{{6}})", re.ASCII)
"""A date alone, or before its time. A number of two or four digits after a blank may be anything."""
_DATE_IN_ZONE: Final = re.compile(rf"({_ISO_DATE})(Z|\+[0-9]{{2}}(?::?[0-9]{{2}})?|-[0-9]{{2}}:[0-9]{{2}})", re.ASCII)
"""A date of XML Schema. With a minus sign, and without a colon in the zone, it may be a range."""
_ORDINAL: Final = re.compile(r"([0-9]{4})-?([0-9]{3})", re.ASCII)
_MIDNIGHT: Final = re.compile(r"[T ]24(?::?00(?::?00(?:[.,]0+)?)?)?(?=[Z+-]|$)", re.ASCII)
_LEAP_SECOND: Final = re.compile(r"([T ][0-9]{2}:?59:?)60(?=[.,Z+-]|$)", re.ASCII)
_ZONE_NAME: Final = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})\[[\w/+-]+\]$", re.ASCII)
"""The name of a zone after its offset (RFC 9557)."""
_RFC_2822: Final = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?[0-9]{1,2}[\s-]+[A-Za-z]{3}[\s-]+[0-9]{2,4}\s+[0-9]{2}:[0-9]{2}(?::[0-9]{2})?", re.ASCII
)
_CTIME: Final = re.compile(
    r"([A-Za-z]{3} [A-Za-z]{3} {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}) +([0-9]{4})", re.ASCII
)
_NUMERIC: Final = re.compile(
    r"(?<![\w./-])([0-9]{4}|[0-9]{1,2})(?P<mark>[./-])\s?([0-9]{1,2})(?P=mark)\s?([0-9]{4}|[0-9]{1,2})(?![\w/-]|\.[0-9])",
    re.ASCII,
)
_TIME: Final = re.compile(
    r"\.?[\s,T]*(?:([0-9]{1,2})(?:[:.]|\s?h\s?)([0-9]{2})(?:[:.]([0-9]{2})(?:[.,]([0-9]{1,6})[0-9]*)?)?\s*(?:([AaPp])\.?[Mm]\.?|Uhr|h)?)?\s*",
    re.ASCII,
)
_LOG: Final = re.compile(r"([0-9]{2})/([A-Za-z]{3})/([0-9]{4}):([0-9]{2}:[0-9]{2}:[0-9]{2})", re.ASCII)
"""The form of access logs."""
_SOME_YEAR: Final = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])", re.ASCII)
_AMONG_WORDS: Final = "is no date as a whole: take the date out of the text with regex, if it has one"
_UNCLEAR: Final = "has day and month in an order that can't be told: set dateOrder"


@dataclass(frozen=True, slots=True)
class DateContext:
    """What the meaning of dates depends on besides themselves.

    Attributes:
        zone: Of dates that name no zone.
        now: What relative dates count from; without it they are not read.
        language: The BCP 47 tag of the page, or empty.
        stated_order: The order that the field states.
        derived_order: The order by other values of the field, or by the language of the page.

    """

    zone: tzinfo
    now: datetime | None = None
    language: str = ""
    stated_order: DateOrder | None = None
    derived_order: DateOrder | None = None


def format_instant(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 in UTC: `2026-11-24T10:05:13Z`, with a fraction only where there is one."""
    at = instant.astimezone(UTC)
    precision = "seconds" if not at.microsecond else "microseconds" if at.microsecond % 1000 else "milliseconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")


def instant_of_epoch(number: float) -> datetime | None:
    """Read seconds, or milliseconds, since 1970-01-01T00:00:00Z; None where no calendar reaches it."""
    milliseconds = number if abs(number) >= _FIRST_MILLISECONDS else number * 1000
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return None


def parse_instant(text: str, context: DateContext) -> datetime:
    """Read ISO 8601, RFC 2822, a number of seconds or milliseconds since the epoch, or a date of digits.

    Four digits are a year and eight a date.

    Raises:
        Unreadable: the text is none of these; the error has a text where it is known what is missing.
        NeedsWords: the text may be a date in words: `parse_words_instant` reads it.

    """
    if len(text) > _MAX_LENGTH:
        raise Unreadable(_AMONG_WORDS)
    written, text = text, with_gregorian_years(_plain(text), context.language)
    found = _iso(text)
    if found is None and _NUMBER.fullmatch(written):
        found = instant_of_epoch(float(text))
        if found is None:
            raise Unreadable
    if found is not None:
        return _to_utc(found, context.zone)
    bare, zone = split_zone(_LOG.sub(r"\1 \2 \3 \4", in_order(text)))
    found = _iso(bare) if bare != text else None
    found = found or _numeric(bare, context) or _with_english_month(bare)
    if found is None:
        raise NeedsWords
    return _to_utc(found, zone or context.zone)


def _plain(text: str) -> str:
    """Return a text with digits, spaces, commas and minus signs of ASCII, and without marks of direction."""
    return text if text.isascii() else ascii_digits(text).translate(_TRANSLATED)


class NeedsWords(Unreadable):
    """A text is no date of digits, and may be one in words."""


def parse_words_instant(text: str, context: DateContext) -> datetime:
    """Read a date in words, such as `24. Dezember 2025` or `3 hours ago`. Slow: some milliseconds.

    Raises:
        Unreadable: the text is no such date.

    """
    bare, zone = split_zone(in_order(with_gregorian_years(_plain(text), context.language)))
    bare = _NUMERIC.sub(lambda found: _date_of(found, context).strftime("%Y-%m-%d"), bare)
    found = None
    if has_words(bare):
        found = parse_words(bare, zone or context.zone, language=context.language, now=context.now)
    if found is None:
        raise Unreadable(_AMONG_WORDS if _SOME_YEAR.search(bare) else "")
    return _to_utc(found, zone or context.zone)


def common_order(texts: Iterable[str]) -> DateOrder | None:
    """Return the order that some dates of digits have by a part above 12, None where there is none or they differ."""
    orders = set()
    for text in texts:
        found = _NUMERIC.search(_plain(text)) if len(text) <= _MAX_LENGTH else None
        if found is not None and found["mark"] != "." and len(found[1]) < _YEAR_DIGITS:
            orders.add(_own_order(int(found[1]), int(found[3])))
    orders.discard(None)
    return orders.pop() if len(orders) == 1 else None


def has_unclear_order(text: str) -> bool:
    """Whether a text may be a date of digits whose order of day and month its digits do not settle."""
    found = _NUMERIC.search(_plain(text)) if len(text) <= _MAX_LENGTH else None
    return (
        found is not None
        and found["mark"] != "."
        and len(found[1]) < _YEAR_DIGITS
        and found[1] != found[3]
        and _own_order(int(found[1]), int(found[3])) is None
    )


def order_of_language(tag: str) -> DateOrder | None:
    """Return the order of dates that end with the year, by a BCP 47 tag; None where the tag does not settle it."""
    return of_language(tag, _ORDERS)


def _own_order(first: int, second: int) -> DateOrder | None:
    """Return the order that a part above 12 settles."""
    if first > _LONGEST_MONTH:
        return DateOrder.YMD
    if first > _MONTHS:
        return DateOrder.DMY
    return DateOrder.MDY if second > _MONTHS else None


def _numeric(text: str, context: DateContext) -> datetime | None:
    """Read a date of digits with or without a time; None where the text has another form."""
    found = _NUMERIC.match(text)
    time = _TIME.fullmatch(text, found.end()) if found else None
    if found is None or time is None:
        return None
    date = _date_of(found, context)
    hour, minute, second, fraction, half = time.groups()
    if hour is None:
        return date
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= _HALF_DAY_HOURS:
            raise Unreadable
        hours = hours % _HALF_DAY_HOURS + (_HALF_DAY_HOURS if half in "Pp" else 0)
    try:
        return date.replace(
            hour=hours, minute=int(minute), second=int(second or 0), microsecond=int((fraction or "0").ljust(6, "0"))
        )
    except ValueError:
        raise Unreadable from None


def _date_of(found: re.Match[str], context: DateContext) -> datetime:
    """Return the date of a match of _NUMERIC. Raises Unreadable."""
    parts = found[1], found[3], found[4]
    first, second, third = map(int, parts)
    if len(parts[0]) == _YEAR_DIGITS:
        order: DateOrder | None = DateOrder.YMD
    elif found["mark"] == ".":
        order = DateOrder.DMY
    else:
        order = context.stated_order or _own_order(first, second) or context.derived_order
        if order is None and first == second:
            order = DateOrder.DMY
    if order is None:
        raise Unreadable(_UNCLEAR)
    year, month, day = {
        DateOrder.YMD: (first, second, third),
        DateOrder.DMY: (third, second, first),
        DateOrder.MDY: (third, first, second),
    }[order]
    if max(map(len, parts)) < _YEAR_DIGITS:
        year += 1900 if year >= _FIRST_YEAR_OF_LAST_CENTURY else 2000
    try:
        return _naive(year, month, day)
    except ValueError:
        raise Unreadable(f"is no date in the order {order}" if context.stated_order else "") from None


def _iso(text: str) -> datetime | None:
    """Read ISO 8601: calendar, week and ordinal dates, also a year or a month alone, basic and extended."""
    if _USUAL.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    with suppress(ValueError, OverflowError):
        return _unusual_iso(text)
    return None


def _unusual_iso(text: str) -> datetime | None:
    """Read ISO 8601. Raises ValueError and OverflowError where there is no such date."""
    if _YEAR.fullmatch(text):
        text = f"{text}-01-01"
    elif _YEAR_AND_MONTH.fullmatch(text):
        text = f"{text}-01"
    if not text[:_YEAR_DIGITS].isdigit():
        return None
    if ordinal := _ORDINAL.fullmatch(text):
        year, day = map(int, ordinal.groups())
        found = _naive(year, 1, 1) + timedelta(days=day - 1)
        return found if found.year == year and "-" in text else None
    text = text.upper().replace(" UTC", "Z").replace(" Z", "Z").replace(" +", "+")
    text = _DATE_IN_ZONE.sub(r"\1T00:00\2", _ZONE_NAME.sub(r"\1", text))
    # Python takes any character for the T between date and time.
    if not _ISO.match(text):
        return None
    # Python reads neither 24:00, the end of a day, nor the second 60.
    text, midnights = _MIDNIGHT.subn("T00", text)
    text, leaps = _LEAP_SECOND.subn(r"\g<1>59", text)
    return datetime.fromisoformat(text) + timedelta(days=midnights, seconds=leaps)


def _naive(year: int, month: int, day: int) -> datetime:
    """Return the beginning of a day, without zone. Raises ValueError and OverflowError."""
    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


def _with_english_month(text: str) -> datetime | None:
    """Read RFC 2822 and the form of ctime(3), both without zone."""
    text = " ".join(text.split())
    try:
        if _RFC_2822.fullmatch(text):
            return parsedate_to_datetime(text).replace(tzinfo=None)
        if ctime := _CTIME.fullmatch(text):
            return datetime.strptime(f"{ctime[1]} {ctime[2]} +0000", "%a %b %d %H:%M:%S %Y %z").replace(tzinfo=None)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return None


def _to_utc(found: datetime, zone: tzinfo) -> datetime:
    """Return an instant in UTC; one without zone is in `zone`. Raises Unreadable where no calendar reaches it."""
    try:
        if type(found.tzinfo) is timezone:
            return found.astimezone(UTC)
        offset = found.utcoffset()
        aware = found.replace(tzinfo=zone) if offset is None else found.replace(tzinfo=timezone(offset))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable from None
