"""The text of an instant: RFC 3339 in UTC."""

from datetime import UTC, datetime
from typing import Literal

Precision = Literal["seconds", "milliseconds", "microseconds", "shortest"]


def rfc3339(instant: datetime, precision: Precision = "seconds") -> str:
    """Return an aware instant as RFC 3339 text in UTC, which ends with `Z`.

    Finer digits are cut off. The precision `shortest` keeps all digits and writes no more than needed.
    """
    at = instant.astimezone(UTC)
    if precision == "shortest":
        precision = "seconds" if not at.microsecond else "microseconds" if at.microsecond % 1000 else "milliseconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")
