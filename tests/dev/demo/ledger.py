"""What the operator's SQLite file says about runs, read from outside while the operator writes it.

Called by the demo. The connection is read-only, so that looking can't harm.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_COLUMNS = (
    "id, name, trigger, status, reason, message, scheduled_for, started_at, completed_at, "
    "items_scraped, items_new, items_changed, items_gone"
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended."""

    id: str
    name: str
    trigger: str
    status: str
    reason: str
    message: str
    scheduled_for: datetime
    started_at: datetime | None
    completed_at: datetime
    items: int
    new: int
    changed: int
    gone: int

    @property
    def skew(self) -> timedelta | None:
        """How late it began; None for one that was skipped."""
        return None if self.started_at is None else self.started_at - self.scheduled_for


def read_runs(file: Path) -> list[Run]:
    """Return the runs that have ended, in that order; none where the file is not there yet."""
    if not file.exists():
        return []
    query = f"SELECT {_COLUMNS} FROM scrape_runs WHERE completed_at IS NOT NULL ORDER BY completed_at, id"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        return [_run(row) for row in connection.execute(query)]


def count_items(file: Path) -> int:
    """Return the number of items that are not gone."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM items WHERE gone_at IS NULL").fetchone()
        return int(count)


def percentile(values: Sequence[timedelta], percent: int) -> timedelta:
    """Return the nearest-rank percentile of values that are not empty."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def _run(row: tuple[Any, ...]) -> Run:
    (id_, name, trigger, status, reason, message, scheduled_for, started_at, completed_at, *counts) = row
    return Run(
        id_,
        name,
        trigger,
        status,
        reason or "",
        message or "",
        _instant(scheduled_for),
        _instant(started_at) if started_at else None,
        _instant(completed_at),
        *(count or 0 for count in counts),
    )


def _instant(text: str) -> datetime:
    """Read an instant as SQLite has it: UTC, without saying so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
