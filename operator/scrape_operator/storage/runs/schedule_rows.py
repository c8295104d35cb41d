"""The row of each schedule: its counters, and what else a restart must not change. Written with claims, skips and ends.

`core.schedule.state.ScheduleState` counts the same facts in memory; a test compares the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, case, func, or_, select, update

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, SkippedSlot, Trigger
from scrape_operator.core.runs.slot import MANUAL_PREFIX, Manual, digest_token
from scrape_operator.core.schedule.state import remember_request
from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.tables import schedules, scrape_runs

Slot = RunClaim | SkippedSlot
Values = dict[str, Any]
Requests = Mapping[str, Sequence[str]]
"""Digests of the latest tokens of manual runs, by UID."""

_c = schedules.c

_ADDED = ("missed", "skipped")
_REPLACED = ("namespace", "name", "default_interval", "data_policy", "history_max_age", "webhooks")
_LATEST = ("generation", "last_slot", "slot_generation", "last_schedule_time")


def add_slots(connection: Connection, slots: Sequence[Slot], requests: Requests) -> None:
    """Count slots that were inserted now; `requests` are those of all schedules with manual slots, before these."""
    known = dict(requests)
    rows = [_slot_values(slot, known) for slot in slots]
    if rows:
        connection.execute(_upsert(connection.dialect.name), rows)


def add_ends(connection: Connection, results: Sequence[RunResult], counts: Mapping[Any, ItemCounts]) -> None:
    """Count runs that ended now; `counts` are by run. Of a replay only its items count: it says nothing of the site."""
    rows = [_end_values(result, counts[result.claim.id]) for result in results]
    if rows:
        connection.execute(_ENDED, rows)


def add_orphans(connection: Connection, failures: Iterable[tuple[str, int]], at: datetime) -> None:
    """Count orphaned runs, by UID: each with 1 if it is one more failure in a row, else 0."""
    rows = [
        {**_counted(0 if add else None), "of": uid, "ended": 1, "keep": 1, "add": add, "good": None, "failed": at}
        for uid, add in failures
    ]
    if rows:
        connection.execute(_ENDED, rows)


def remove_claims(connection: Connection, claims: Sequence[RunClaim]) -> None:
    """Undo what `add_slots` noted for claims whose rows are deleted, so that a later process finds their slots."""
    requests = handled_requests(connection, {claim.schedule_uid for claim in claims})
    for claim in claims:
        forgotten = digest_token(claim.slot.token) if isinstance(claim.slot, Manual) else None
        left = [digest for digest in requests[claim.schedule_uid] if digest != forgotten]
        connection.execute(_RELEASED, {"of": claim.schedule_uid, "fewer": claim.missed, "left": " ".join(left)})


def handled_requests(connection: Connection, uids: Collection[str]) -> Requests:
    """Return the digests of the tokens that these schedules have handled."""
    asked = select(_c.uid, _c.handled_requests).where(_c.uid.in_(uids))
    return {uid: digests.split() for uid, digests in connection.execute(asked)}


def _slot_values(slot: Slot, requests: dict[str, Sequence[str]]) -> Values:
    """Return the values of a slot; the token of a manual one is added to `requests`."""
    uid, is_manual, is_claim = slot.schedule_uid, isinstance(slot.slot, Manual), isinstance(slot, RunClaim)
    is_missed = isinstance(slot, SkippedSlot) and slot.reason is Reason.MISSED_DEADLINE
    if isinstance(slot.slot, Manual):
        requests[uid] = remember_request(requests.get(uid, ()), slot.slot.token)
    interval = slot.spec.default_interval
    return {
        "uid": uid,
        "namespace": slot.namespace,
        "name": slot.name,
        "generation": slot.generation,
        "missed": slot.missed + is_missed,
        "skipped": int(not is_claim and not is_missed),
        "last_slot": None if is_manual else slot.scheduled_for,
        "slot_generation": 0 if is_manual else slot.generation,
        "last_schedule_time": slot.scheduled_for if is_claim else None,
        "last_handled_request": slot.slot.token if isinstance(slot.slot, Manual) else None,
        "handled_requests": " ".join(requests[uid]) if is_manual else "",
        "default_interval": None if interval is None else interval.total_seconds(),
        "data_policy": slot.spec.data_policy.value,
        "history_max_age": slot.spec.history_max_age.total_seconds(),
        "webhooks": [{"name": it.name, "events": list(it.events)} for it in slot.spec.webhooks] or None,
        "created_at": slot.started_at if isinstance(slot, RunClaim) else slot.at,
    }


@cache
def _upsert(dialect: str) -> Upsert:
    statement = insert_into(dialect, schedules)
    new = statement.excluded
    is_manual = new.handled_requests != ""
    return statement.on_conflict_do_update(
        index_elements=[_c.uid],
        set_={name: _c[name] + new[name] for name in _ADDED}
        | {name: new[name] for name in _REPLACED}
        | {name: _latest(_c[name], new[name]) for name in _LATEST}
        | {name: case((is_manual, new[name]), else_=_c[name]) for name in ("last_handled_request", "handled_requests")}
        # A UID that was thought to be deleted runs: its namespace is watched again. A skipped slot may come late.
        | {"deleted_at": case((new.last_schedule_time.is_(None), _c.deleted_at))},
    )


def _latest(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the later of two values, where each may be NULL; SQLite's MAX and PostgreSQL's GREATEST differ in that."""
    return case((or_(old.is_(None), new > old), new), else_=old)


def _end_values(result: RunResult, counts: ItemCounts) -> Values:
    is_replay = result.claim.trigger is Trigger.REPLAY
    at, is_good = result.completed_at, result.status.is_good and not is_replay
    is_failed = result.status is RunStatus.FAILED and not is_replay
    has_changes = counts.new or counts.changed or counts.gone
    return {
        "of": result.claim.schedule_uid,
        "ended": int(not is_replay),
        "keep": int(not is_good),
        "add": int(is_failed),
        "good": at if is_good else None,
        "failed": at if is_failed else None,
        "changed_at": at if has_changes else None,
        "total": counts.total,
        "new": None if is_replay else counts.new,
        "changed": None if is_replay else counts.changed,
        "gone": None if is_replay else counts.gone,
    }


def _counted(number: int | None) -> Values:
    """Return the values of a run that stored no item; None keeps the counts of the run before."""
    return {"changed_at": None, "total": None, "new": number, "changed": number, "gone": number}


def _instant(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(bindparam(name, type_=UTCDateTime), column)


def _count(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(bindparam(name, type_=BigInteger), column)


_ENDED = (
    update(schedules)
    .where(_c.uid == bindparam("of"))
    .values(
        runs=_c.runs + bindparam("ended"),
        consecutive_failures=_c.consecutive_failures * bindparam("keep") + bindparam("add"),
        last_successful_time=_instant("good", _c.last_successful_time),
        last_failure_time=_instant("failed", _c.last_failure_time),
        last_change_time=_instant("changed_at", _c.last_change_time),
        items_total=_count("total", _c.items_total),
        items_new=_count("new", _c.items_new),
        items_changed=_count("changed", _c.items_changed),
        items_gone=_count("gone", _c.items_gone),
    )
)

_r = scrape_runs.c
_newest = select(func.max(_r.scheduled_for)).where(_r.schedule_uid == _c.uid)
_scheduled = (_r.schedule_uid == _c.uid, _r.trigger == Trigger.SCHEDULED.value)
_newest_generation = select(_r.generation).where(*_scheduled).order_by(_r.scheduled_for.desc(), _r.id.desc()).limit(1)
_manual_slots = select(_r.slot).where(_r.schedule_uid == _c.uid, _r.trigger == Trigger.MANUAL.value)
_newest_request = _manual_slots.order_by(_r.scheduled_for.desc(), _r.id.desc()).limit(1).scalar_subquery()

_RELEASED = (
    update(schedules)
    .where(_c.uid == bindparam("of"))
    .values(
        missed=_c.missed - bindparam("fewer"),
        last_slot=_newest.where(_r.trigger == Trigger.SCHEDULED.value).scalar_subquery(),
        slot_generation=func.coalesce(_newest_generation.scalar_subquery(), 0),
        last_schedule_time=_newest.where(_r.status != RunStatus.SKIPPED.value).scalar_subquery(),
        last_handled_request=func.substr(_newest_request, len(MANUAL_PREFIX) + 1),
        handled_requests=bindparam("left"),
    )
)
"""The newest row of each trigger outlives pruning, so the rows that are left name the slot before."""
