"""Reads JSON whose shape is not documented: every member may be missing, null, or of another type.

What an answer can't do without is read with `required_*`, which raise with what was expected and what was found.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason

MAX_TEXT = 256
MAX_DIGITS = 18
"""The digits of an integer that fits into 64 bits whatever its digits are."""

_EMPTY: Mapping[str, Any] = {}
_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"", "0", "false", "no", "null"})
MAX_NAMES_DESCRIBED = 8
MAX_NAME_DESCRIBED = 32


def changed(where: str, expected: str, found: Any) -> ScrapeFailed:
    """Return the failure of an answer that is not what the adapter was written for."""
    return ScrapeFailed(
        Reason.PLATFORM_CHANGED,
        f"{where}: expected {expected}, found {describe(found)}: the adapter may need an update",
    )


def describe(found: Any) -> str:
    """Return what a value is, in few words and without its content."""
    if isinstance(found, dict):
        names = ", ".join(sorted(str(name)[:MAX_NAME_DESCRIBED] for name in list(found)[:MAX_NAMES_DESCRIBED]))
        return f"an object with {names}" if names else "an empty object"
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if found is None:
        return "nothing"
    return f"{type(found).__name__} {str(found)[:MAX_NAME_DESCRIBED]!r}"


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else _EMPTY


def inner(value: Any, *names: str) -> Any:
    """Follow names down through objects; return None where the way ends."""
    for name in names:
        value = mapping(value).get(name)
    return value


def entries(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Iterate over the objects of a collection: a list, whose ids are "", or an object by id."""
    pairs = (
        value.items() if isinstance(value, dict) else (("", one) for one in value) if isinstance(value, list) else ()
    )
    return ((str(name), one) for name, one in pairs if isinstance(one, dict))


def objects(value: Any) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a list, or of an object that stands for one."""
    return [one for _name, one in entries(value)]


def text(value: Any) -> str:
    """Return a short text, stripped; an integer as its digits; anything else as an empty text."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT]
    is_integer = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**MAX_DIGITS
    return str(value) if is_integer else ""


def number(value: Any) -> int | None:
    """Return an integer that may be written as text; None for anything else."""
    digits = text(value)
    unsigned = digits.removeprefix("-")
    return int(digits) if unsigned.isascii() and unsigned.isdigit() and len(unsigned) <= MAX_DIGITS else None


def flag(value: Any) -> bool:
    """Return whether a value says anything but false: null, 0, "", "0", "false", "no" and "null" say false."""
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE
    return bool(value)


def is_true(value: Any) -> bool:
    """Return whether a value clearly says true: true, 1, "1" or "true"."""
    return value is True or text(value).lower() in _TRUE


def digits_only(value: Any) -> str | None:
    """Return an id of digits without leading zeros; None where it is none."""
    digits = text(value)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        return None
    return digits.lstrip("0") or None


def single_id(*values: Any) -> str | None:
    """Return the id of digits that several members give; None where none does, or where they contradict each other."""
    found = {digits for value in values if (digits := digits_only(value))}
    return found.pop() if len(found) == 1 else None


def required_list(value: Any, where: str) -> list[Any] | dict[str, Any]:
    """Return a collection that an answer can't do without.

    Raises:
        ScrapeFailed: PlatformChanged.

    """
    if isinstance(value, list | dict):
        return value
    raise changed(where, "a list", value)


def required_object(value: Any, where: str) -> Mapping[str, Any]:
    """Return an object that an answer can't do without.

    Raises:
        ScrapeFailed: PlatformChanged.

    """
    if isinstance(value, dict):
        return value
    raise changed(where, "an object", value)
