"""Go durations and byte quantities: parsing and formatting."""

import re
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from scrape_operator.core.errors import InvalidValue

DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
BYTES_PATTERN = r"^[0-9]+(Ki|Mi|Gi|k|M|G)?$"

_MAX_LENGTH = 64
_DURATION = re.compile(DURATION_PATTERN, re.ASCII)
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", re.ASCII)
_BYTES = re.compile(BYTES_PATTERN, re.ASCII)
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_UNIT_BYTES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@lru_cache(1024)
def parse_duration(text: str) -> timedelta:
    """Parse a Go duration such as `1h30m`, `1.5s`, `250ms`.

    Raises:
        InvalidValue: The text is not a duration, or too long a one.

    """
    if len(text) > _MAX_LENGTH or not _DURATION.match(text) or text.endswith("\n"):
        raise InvalidValue(
            f"{text[:_MAX_LENGTH]!r} is not a duration: write numbers with units, such as 90s, 5m or 1h30m"
        )
    milliseconds = sum((Decimal(n) * _UNIT_MS[unit] for n, unit in _DURATION_PART.findall(text)), Decimal(0))
    try:
        return timedelta(microseconds=int(milliseconds * 1000))
    except OverflowError as error:
        raise InvalidValue(f"{text!r} is too long a duration") from error


def format_duration(value: timedelta) -> str:
    """Return a duration of at least zero in its shortest Go form: `1h30m`, `1.5s`, `0s`."""
    rest = value // timedelta(microseconds=1)
    parts = []
    for unit, size in (("h", 3_600_000_000), ("m", 60_000_000)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    if rest or not parts:
        seconds, fraction = divmod(rest, 1_000_000)
        parts.append(f"{seconds}.{fraction:06}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


def parse_bytes(value: str | int) -> int:
    """Parse a byte quantity: `10Mi`, `1k`, or a bare integer.

    Raises:
        InvalidValue: The text is not a byte size.

    """
    text = str(value)
    if len(text) > _MAX_LENGTH or not _BYTES.match(text) or text.endswith("\n"):
        raise InvalidValue(
            f"{text[:_MAX_LENGTH]!r} is not a byte size: write an integer, or one with Ki, Mi, Gi, k, M or G"
        )
    digits = text.rstrip("KMGik")
    return int(digits) * _UNIT_BYTES[text[len(digits) :]]
