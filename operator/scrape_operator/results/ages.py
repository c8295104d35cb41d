"""Durations as kubectl prints them (k8s.io/apimachinery/pkg/util/duration, HumanDuration)."""

from datetime import datetime

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 31_536_000

_STEPS = (
    (2 * MINUTE, 1, "s", 0, ""),
    (10 * MINUTE, MINUTE, "m", 1, "s"),
    (3 * HOUR, MINUTE, "m", 0, ""),
    (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (2 * DAY, HOUR, "h", 0, ""),
    (8 * DAY, DAY, "d", HOUR, "h"),
    (2 * YEAR, DAY, "d", 0, ""),
    (8 * YEAR, YEAR, "y", DAY, "d"),
)
"""Below how many seconds which unit counts, and which one beside it, if any."""

SHORT_RUN_SECONDS = 60.0


def human_duration(seconds: float) -> str:
    """Return a duration in one or two units: `45s`, `3m10s`, `25m`, `3h5m`, `2d3h`, `100d`, `2y10d`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(whole, 0)
    for limit, unit, name, fine_unit, fine_name in _STEPS:
        if whole < limit:
            count, rest = divmod(whole, unit)
            fine = rest // fine_unit if fine_unit else 0
            return f"{count}{name}{fine}{fine_name}" if fine else f"{count}{name}"
    return f"{whole // YEAR}y"


def age_of(at: datetime, now: datetime) -> str:
    """Return the time since an instant."""
    return human_duration((now - at).total_seconds())


def run_duration(seconds: float) -> str:
    """Return the duration of a run: runs are short, so tenths of seconds are shown of those below a minute."""
    return f"{seconds:.1f}s" if seconds < SHORT_RUN_SECONDS else human_duration(seconds)
