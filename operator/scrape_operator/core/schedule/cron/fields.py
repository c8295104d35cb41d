"""Parses one field of a cron expression to the set of its values, as the bits of an integer.

The syntax is that of CronJob (robfig/cron v3), with 7 as another Sunday and `H`.
"""

import hashlib
import re
from dataclasses import dataclass

from scrape_operator.core.errors import InvalidValue

_ELEMENT = re.compile(r"(?P<low>[*?]|[0-9A-Za-z]+)(?:-(?P<high>[0-9A-Za-z]+))?(?:/(?P<step>[0-9]+))?")
_HASHED = re.compile(r"H(?:\((?P<low>[0-9A-Za-z]+)-(?P<high>[0-9A-Za-z]+)\))?(?:/(?P<step>[0-9]+))?")
_EVERY = re.compile(r"[*?](?:/0*1)?")
_QUARTZ = re.compile(r"(?:[0-9]{1,2}|[A-Z]{3})?[LW]|LW|L-[0-9]+|.*#.*", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SUNDAY_AGAIN = 7


@dataclass(frozen=True, slots=True)
class Field:
    """The values of a field: `low` to `high`, and names of which the first one is `low`.

    `highest` is the largest number that may be written, `hashed_high` the largest that `H` can become.
    """

    name: str
    low: int
    high: int
    highest: int
    hashed_high: int
    names: tuple[str, ...] = ()


MINUTE = Field("minute", 0, 59, 59, 59)
HOUR = Field("hour", 0, 23, 23, 23)
DAY_OF_MONTH = Field("day of month", 1, 31, 31, 28)  # H gives a day that every month has, as in Jenkins
MONTH = Field("month", 1, 12, 12, 12, _MONTHS)
DAY_OF_WEEK = Field("day of week", 0, 6, _SUNDAY_AGAIN, 6, _WEEKDAYS)

FIELDS = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)


def is_restricted(text: str) -> bool:
    """Return whether a day field is restricted: it is not if `*`, `?` or `*/1` is in its list."""
    return not any(_EVERY.fullmatch(element) for element in text.split(","))


def read_field(field: Field, text: str, uid: str) -> int:
    """Return the values of a field: bit n is set for value n.

    Raises:
        InvalidValue: the text is no list of values, ranges and steps within the field's bounds.

    """
    values = 0
    for element in text.split(","):
        for value in _read_element(field, element, uid):
            values |= 1 << value
    if field is DAY_OF_WEEK:
        values = (values | values >> _SUNDAY_AGAIN) & ((1 << _SUNDAY_AGAIN) - 1)
    return values


def _read_element(field: Field, element: str, uid: str) -> range:
    if hashed := _HASHED.fullmatch(element):
        return _hashed(field, hashed, uid)
    match = _ELEMENT.fullmatch(element)
    if match is None or (match["low"] in {"*", "?"} and match["high"]):
        raise _refusal(field, element)
    step = _step(field, element, match["step"])
    if match["low"] in {"*", "?"}:
        return range(field.low, field.high + 1, step)
    low = _value(field, element, match["low"])
    alone = max(low, field.high) if match["step"] else low  # `5/10` is `5-59/10`, as in CronJob
    high = _value(field, element, match["high"]) if match["high"] else alone
    _check_order(field, element, low, high)
    return range(low, high + 1, step)


def _hashed(field: Field, match: re.Match[str], uid: str) -> range:
    element = match[0]
    low, high = field.low, field.hashed_high
    if match["low"]:
        low, high = _value(field, element, match["low"]), _value(field, element, match["high"])
        _check_order(field, element, low, high)
    if high > field.hashed_high:
        why = ", a day that every month has" if field is DAY_OF_MONTH else ""
        raise InvalidValue(f"{field.name} {element!r}: H takes values up to {field.hashed_high}{why}")
    span = high - low + 1
    if not match["step"]:
        value = low + stable_hash(uid, field) % span
        return range(value, value + 1)
    step = _step(field, element, match["step"])
    if step > span:
        raise InvalidValue(f"{field.name} {element!r}: the step after H must be at most {span}")
    return range(low + stable_hash(uid, field) % step, high + 1, step)


def stable_hash(uid: str, field: Field) -> int:
    """Return the hash of a UID for one field. It must not change, or every schedule that uses `H` is moved."""
    return int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=8, person=field.name.encode()).digest())


def _step(field: Field, element: str, text: str | None) -> int:
    step = 1 if text is None else int(text)
    if step == 0:
        raise InvalidValue(f"{field.name} {element!r}: the step must be at least 1")
    return step


def _value(field: Field, element: str, text: str) -> int:
    if text.lower() in field.names:
        return field.low + field.names.index(text.lower())
    if not text.isdecimal():
        raise _refusal(field, element)
    value = int(text)
    if not field.low <= value <= field.highest:
        raise InvalidValue(f"{field.name} {element!r}: {value} is not within {field.low} to {field.highest}")
    return value


def _check_order(field: Field, element: str, low: int, high: int) -> None:
    if low > high:
        raise InvalidValue(
            f"{field.name} {element!r}: a range must not run backwards; write two ranges with a comma between them"
        )


def _refusal(field: Field, element: str) -> InvalidValue:
    if not element:
        return InvalidValue(f"{field.name}: a list must not have an empty part; remove the surplus comma")
    if _QUARTZ.fullmatch(element):
        return InvalidValue(f"{field.name} {element!r}: L, W and # are not read; write the days as numbers or names")
    names = f", names ({field.names[0]} to {field.names[-1]})" if field.names else ""
    return InvalidValue(
        f"{field.name} {element!r} is not read: write numbers from {field.low} to {field.highest}{names}, "
        f"ranges a-b, steps */n, lists with commas, or H"
    )
