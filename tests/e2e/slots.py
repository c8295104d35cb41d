"""The proof that nothing is lost or doubled: for a schedule and its due times, due times = runs + skips + missed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scrape_operator.core.schedule.due_times import DueTimes, IntervalDueTimes, stable_offset


def instant(value: str | datetime) -> datetime:
    """Read a time as SQLite or PostgreSQL gives it."""
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def slot_faults(rows: Iterable[Mapping[str, Any]], period: timedelta, until: datetime | None = None) -> list[str]:
    """Return what is wrong with the rows of interval schedules; nothing, if each due time has its one row.

    A schedule's due times count from its first row (the run at once) to `until`, or to its last row where that is None;
    those that a row coalesced (`missed`) are accounted for by it.
    """
    return due_time_faults(rows, lambda uid: IntervalDueTimes(period, stable_offset(uid, period)), until=until)


def due_time_faults(
    rows: Iterable[Mapping[str, Any]],
    due_times_of: Callable[[str], DueTimes],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[str]:
    """Return the same of schedules of any kind: `due_times_of` gives the due times of a UID.

    `since` is for a schedule without a run at once: when it was taken up, or went on after a pause.
    """
    by_schedule = defaultdict(list)
    for row in rows:
        if row["trigger"] == "scheduled":
            by_schedule[str(row["schedule_uid"])].append(row)
    faults = []
    for uid, found in by_schedule.items():
        faults += [f"{uid}: {fault}" for fault in _faults(found, due_times_of(uid), since, until)]
    return faults


def _faults(
    rows: list[Mapping[str, Any]], times: DueTimes, since: datetime | None, until: datetime | None
) -> Iterable[str]:
    slots = [row["slot"] for row in rows]
    if len(slots) != len(set(slots)):
        yield f"slots doubled: {sorted({slot for slot in slots if slots.count(slot) > 1})}"
    at_once = [row for row in rows if row["slot"].startswith("generation:")]
    regular = sorted((row for row in rows if row not in at_once), key=lambda row: instant(row["scheduled_for"]))
    before = since or min(instant(row["scheduled_for"]) for row in rows)
    for row in regular:
        due = instant(row["scheduled_for"])
        if times.latest_until(due) != due:
            yield f"{row['slot']} is no due time"
        lost = times.count_between(before, due) - 1 - row["missed"]
        if lost and (since is not None or row is not regular[0] or at_once):
            yield f"{lost} due times before {row['slot']} have no row"
        before = due
    if lost := times.count_between(before, until or before):
        yield f"{lost} due times after {before} have no row"
