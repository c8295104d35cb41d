"""What `kubectl scrape doctor` found: a line for each finding, with a remedy and a page of the manual."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SILENCE = timedelta(minutes=15)
"""A status that is older than this, although a due time has passed, is not written by a running operator."""

CLOCK_TOLERANCE = timedelta(seconds=30)
TROUBLESHOOTING = "docs/troubleshooting.md"
INSTALLING = "docs/installing.md"
PODS = f"{INSTALLING}#find-out-why-the-pod-does-not-run"
NOTIFICATIONS = "docs/notifications.md"


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the report. `remedy` is what to do, and `manual` where to read more; empty where all is well."""

    check: str
    level: Level
    message: str
    remedy: str = ""
    manual: str = ""


def page_of(reason: object) -> str:
    """Return the section of the manual on a reason."""
    return f"{TROUBLESHOOTING}#{str(reason).lower()}"


def instant_of(text: object) -> datetime | None:
    """Return the time that a text of the API names, or None if it names none."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
