"""Reads lines, prices and times as bookmakers write them, into Decimal and aware UTC.

Every function takes any JSON value and returns None for what it can't mean. None of them raises.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scrape_operator.platforms.odds.markets import LineKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,10})?", re.ASCII)
_LINE = re.compile(r"[+-]?[0-9]{1,4}(\.[0-9]{1,3})?", re.ASCII)
_SCORE = re.compile(r"([0-9]{1,3}):([0-9]{1,3})", re.ASCII)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
    r" ?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?",
    re.ASCII,
)
_MAX_NUMBER_TEXT = 64
"""Characters of a price or a line, with spaces around it. Longer texts would only fill the caches."""
_MAX_TIME_TEXT = 40
"""Characters of a time with nanoseconds and an offset."""
_MAX_EPOCH_DIGITS = 15
"""Digits of milliseconds up to the year 33658."""
_MAX_OFFSET_HOURS = 14
_MINUTES_OF_AN_HOUR = 60
_LOWEST = Decimal(1)
_BEYOND = 1_000_000
_CENT = Decimal("0.01")
_QUARTER = Decimal("0.25")


def read_price(value: Any) -> Decimal | None:
    """Read decimal odds from a text or a number. None unless greater than 1: at 1 or below nothing is offered."""
    if isinstance(value, str):
        return _price(value.strip()) if len(value) <= _MAX_NUMBER_TEXT else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 < value < _BEYOND:
        return None
    return _price(repr(value))  # the shortest text that reads back as this float: 2.18 stays 2.18


@lru_cache(maxsize=8192)
def _price(text: str) -> Decimal | None:
    if not _PRICE.fullmatch(text):
        return None
    price = Decimal(text)
    return price if price > _LOWEST else None


@lru_cache(maxsize=8192)
def write_price(price: Decimal) -> str:
    """Write odds so that equal ones look equal: two places, more only where they are needed (3.40, 1.005)."""
    cents = price.quantize(_CENT)
    return f"{cents}" if cents == price else f"{price.normalize():f}"


def read_line(value: Any, kind: LineKind) -> Decimal | None:
    """Read a line: a signed decimal in steps of a quarter, or a score `h:a`, which is h - a for the home side."""
    if isinstance(value, str):
        return _line(value.strip(), kind) if len(value) <= _MAX_NUMBER_TEXT else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        return None
    return _line(repr(value), kind)


@lru_cache(maxsize=4096)
def _line(text: str, kind: LineKind) -> Decimal | None:
    score = _SCORE.fullmatch(text) if kind is LineKind.HANDICAP else None
    if score is not None:
        return Decimal(int(score[1]) - int(score[2]))
    if not _LINE.fullmatch(text):
        return None
    line = Decimal(text) + 0  # no negative zero
    return line if _fits(line, kind) else None


def _fits(line: Decimal, kind: LineKind) -> bool:
    match kind:
        case LineKind.TOTAL:
            return line >= 0 and line % _QUARTER == 0
        case LineKind.HANDICAP:
            return line % _QUARTER == 0
        case LineKind.ORDINAL:
            return line >= 1 and line % 1 == 0
        case LineKind.NONE:
            return False


def read_epoch_ms(value: Any) -> datetime | None:
    """Read milliseconds since 1970, as a number or in digits, to whole seconds."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_EPOCH_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**_MAX_EPOCH_DIGITS:
        return None
    try:
        return _plausible(_EPOCH + timedelta(seconds=value // 1000))
    except OverflowError:
        return None


def read_utc(value: Any) -> datetime | None:
    """Read an ISO 8601 time, with or without seconds, with `Z`, an offset, or neither: then it is UTC."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _MAX_TIME_TEXT else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(digits or 0) for digits in match.groups()[:6])
    offset = _offset(*match.groups()[6:])
    if offset is None:
        return None
    try:
        return _plausible(datetime(year, month, day, hour, minute, second, tzinfo=UTC) - offset)
    except (ValueError, OverflowError):
        return None


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta | None:
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset > timedelta(hours=_MAX_OFFSET_HOURS) or int(minutes or 0) >= _MINUTES_OF_AN_HOUR:
        return None
    return -offset if sign == "-" else offset


def _plausible(moment: datetime) -> datetime | None:
    return moment if _FIRST_YEAR <= moment.year < _LAST_YEAR else None
