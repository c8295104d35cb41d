"""Looks into JSON that nobody documents: every member may be missing, null, or of another type. Parsers read with this.

What an answer can't do without is asked for with `required_*`, which say what was expected and what was found.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason

MAX_TEXT = 256
_EMPTY: Mapping[str, Any] = {}


def changed(where: str, expected: str, found: Any) -> ScrapeFailed:
    """Make the failure of an answer that is not what the adapter was written for."""
    return ScrapeFailed(
        Reason.PLATFORM_CHANGED,
        f"{where}: expected {expected}, found {describe(found)}: the adapter may need an update",
    )


def describe(found: Any) -> str:
    """Say what a value is, in few words and without its content."""
    if isinstance(found, dict):
        names = ", ".join(sorted(str(name)[:32] for name in list(found)[:8]))
        return f"an object with {names}" if names else "an empty object"
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if found is None:
        return "nothing"
    return f"{type(found).__name__} {str(found)[:32]!r}"


def mapping(value: Any) -> Mapping[str, Any]:
    """Give an object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else _EMPTY


def inner(value: Any, *names: str) -> Any:
    """Follow names down through objects; None where the way ends."""
    for name in names:
        value = mapping(value).get(name)
    return value


def entries(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the objects of a collection that may be a list or an object by id; the id is "" in a list."""
    pairs = (
        value.items() if isinstance(value, dict) else (("", one) for one in value) if isinstance(value, list) else ()
    )
    return ((str(name), one) for name, one in pairs if isinstance(one, dict))


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give the objects of a list, or of an object that stands for one."""
    return (one for _name, one in entries(value))


def text(value: Any) -> str:
    """Give a short text, stripped; an integer becomes its digits, anything else is empty."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18 else ""


def number(value: Any) -> int | None:
    """Give an integer that may be written as text; None for anything else."""
    digits = text(value)
    return int(digits) if digits.isascii() and digits.removeprefix("-").isdigit() and len(digits) < 19 else None  # noqa: PLR2004 -- 64 bits


def digits_only(value: Any) -> str | None:
    """Give an id that is made of digits, without leading zeros; None where it is none."""
    digits = text(value)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):  # noqa: PLR2004 -- 64 bits
        return None
    return digits.lstrip("0") or None


def required_list(value: Any, where: str) -> list[Any] | dict[str, Any]:
    """Give a collection that an answer can't do without.

    Raises:
        ScrapeFailed: PlatformChanged.

    """
    if isinstance(value, list | dict):
        return value
    raise changed(where, "a list", value)


def required_object(value: Any, where: str) -> Mapping[str, Any]:
    """Give an object that an answer can't do without.

    Raises:
        ScrapeFailed: PlatformChanged.

    """
    if isinstance(value, dict):
        return value
    raise changed(where, "an object", value)
