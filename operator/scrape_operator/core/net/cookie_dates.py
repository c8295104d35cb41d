"""Dates of cookies: Expires is read by an algorithm of its own, which takes what servers write (RFC 6265, 5.1.1)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIRST_YEAR = 1601
_OF_1900 = range(70, 100)
_OF_2000 = range(70)

Numbers = tuple[int, ...]


def parse_cookie_date(text: str) -> float | None:
    """Return the date as seconds since the epoch, or None where the text is no date. Every date counts as UTC."""
    readers: list[Callable[[str], Numbers]] = [_time, _day, _month, _year]
    found: dict[Callable[[str], Numbers], Numbers] = {}
    for token in _DELIMITERS.split(text):
        for read in readers:
            if read not in found and (numbers := read(token)):
                found[read] = numbers
                break
    if len(found) < len(readers):
        return None
    [year], [month], [day] = found[_year], found[_month], found[_day]
    hour, minute, second = found[_time]
    try:
        date = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return date.timestamp() if year >= _FIRST_YEAR else None


def _time(token: str) -> Numbers:
    return _numbers(_TIME, token)


def _day(token: str) -> Numbers:
    return _numbers(_DAY, token)


def _month(token: str) -> Numbers:
    name = token[:3].lower()
    return (_MONTHS.index(name) + 1,) if name in _MONTHS else ()


def _year(token: str) -> Numbers:
    return tuple(_full_year(year) for year in _numbers(_YEAR, token))


def _full_year(year: int) -> int:
    if year in _OF_1900:
        return year + 1900
    return year + 2000 if year in _OF_2000 else year


def _numbers(pattern: re.Pattern[str], token: str) -> Numbers:
    match = pattern.match(token)
    return tuple(int(group) for group in match.groups()) if match else ()
