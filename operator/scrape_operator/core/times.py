"""The text of an instant: RFC 3339 in UTC."""

from datetime import UTC, datetime
from typing import Literal

Precision = Literal["auto", "seconds", "milliseconds", "microseconds"]


def rfc3339(instant: datetime, precision: Precision = "seconds") -> str:
    """Return an aware instant as RFC 3339 text in UTC, which ends with `Z`; finer digits are cut off."""
    return instant.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
