"""What the rows say about every schedule: how a process starts with the memory of the one before.

Called once, by `store.load_states`. Schedules are read in pages, by UID: each page is a few grouped
statements over an index range, so that neither the database nor this process ever holds all of history.
`core.state.ScheduleState` says how the same facts are kept up afterwards; a test holds the two together.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, literal, or_, select

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetHealth, Trigger
from scrape_operator.core.runs.slot import Manual, parse_slot
from scrape_operator.core.schedule.due_times import EPOCH
from scrape_operator.core.schedule.state import HISTORY_LENGTH, ScheduleState
from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.runs.summaries import SUMMARY_COLUMNS, reason_of, summary_of
from scrape_operator.storage.tables import scrape_runs, scrape_target_runs

SCHEDULES_PER_PAGE = 500
FINISHED = (*GOOD, RunStatus.FAILED.value, RunStatus.CANCELED.value)

States = dict[str, ScheduleState]

_c = scrape_runs.c
_skipped = _c.status == RunStatus.SKIPPED.value
_good = _c.status.in_(GOOD)
_failed = _c.status == RunStatus.FAILED.value
_missed = and_(_skipped, _c.reason == Reason.MISSED_DEADLINE.value)


def load_page(connection: Connection, after: str) -> States:
    """Give the states of the next schedules that have rows; the first page is after the empty text."""
    uids = select(_c.schedule_uid).distinct().where(_c.schedule_uid > after).order_by(_c.schedule_uid)
    of_page = connection.scalars(uids.limit(SCHEDULES_PER_PAGE)).all()
    if not of_page:
        return {}
    page = and_(_c.schedule_uid > after, _c.schedule_uid <= of_page[-1])
    states = _times_and_counters(connection, page)
    _handled_requests(connection, page, states)
    newest = _history(connection, page, states)
    _target_healths(connection, newest, states)
    _beyond_history(connection, page, states)
    return states


def _times_and_counters(connection: Connection, page: ColumnElement[bool]) -> States:
    of_schedule = _c.trigger == Trigger.SCHEDULED.value
    changed = _c.items_new + _c.items_changed + _c.items_gone > 0
    facts = (
        _c.schedule_uid,
        func.max(_c.scheduled_for).filter(of_schedule).label("last_slot"),
        func.coalesce(func.max(_c.generation).filter(of_schedule), 0).label("slot_generation"),
        func.max(_c.scheduled_for).filter(~_skipped).label("last_schedule_time"),
        func.max(_c.completed_at).filter(_good).label("last_successful_time"),
        func.max(_c.completed_at).filter(_failed).label("last_failure_time"),
        func.max(_c.completed_at).filter(changed).label("last_change_time"),
        (func.sum(_c.missed) + func.count().filter(_missed)).label("missed"),
        (func.count().filter(_skipped) - func.count().filter(_missed)).label("skipped"),
    )
    rows = connection.execute(select(*facts).where(page).group_by(_c.schedule_uid))
    states = {}
    for row in rows.mappings():
        values = dict(row)
        uid = values.pop("schedule_uid")
        states[uid] = ScheduleState(**values | {"missed": int(row["missed"])})  # SUM of BIGINT is NUMERIC
    return states


def _handled_requests(connection: Connection, page: ColumnElement[bool], states: States) -> None:
    newest = func.row_number().over(partition_by=_c.schedule_uid, order_by=(_c.scheduled_for.desc(), _c.id.desc()))
    manual = select(_c.schedule_uid, _c.slot, newest.label("place")).where(page, _c.trigger == Trigger.MANUAL.value)
    ranked = manual.subquery()
    rows = connection.execute(select(ranked.c.schedule_uid, ranked.c.slot).where(ranked.c.place == 1))
    for uid, text in rows:
        slot = parse_slot(text)
        if isinstance(slot, Manual):
            states[uid].last_handled_request = slot.token


def _history(connection: Connection, page: ColumnElement[bool], states: States) -> dict[UUID, str]:
    """Fill in the last finished runs; give the newest that tells about targets, with its schedule."""
    has_targets = exists().where(scrape_target_runs.c.run_id == _c.id).label("has_targets")
    newest: dict[str, UUID] = {}
    for row in connection.execute(_newest(page, FINISHED, HISTORY_LENGTH).add_columns(has_targets)):
        state = states[row.schedule_uid]
        if len(state.history) == HISTORY_LENGTH:
            continue  # two runs of one due time, one of them by request
        state.history.append(summary_of(row))
        state.last_run = state.history[0]
        if row.has_targets and row.status != RunStatus.CANCELED.value:
            newest.setdefault(row.schedule_uid, row.id)
    return {run_id: uid for uid, run_id in newest.items()}


def _newest(page: ColumnElement[bool], statuses: Sequence[str], count: int) -> Select[*tuple[Any, ...]]:
    """Read the newest runs of each schedule that have one of these statuses.

    The due time of the last that counts is looked up first, from the end of the index: so a schedule costs
    a few rows, however long its history is.
    """
    schedules = select(_c.schedule_uid).distinct().where(page).subquery()
    runs = scrape_runs.alias("newer")
    oldest = (
        select(runs.c.scheduled_for)
        .where(runs.c.schedule_uid == schedules.c.schedule_uid, runs.c.status.in_(statuses))
        .order_by(runs.c.scheduled_for.desc())
        .offset(count - 1)
        .limit(1)
        .correlate(schedules)
        .scalar_subquery()
    )
    bounds = select(
        schedules.c.schedule_uid, func.coalesce(oldest, literal(EPOCH, UTCDateTime)).label("first")
    ).subquery()
    return (
        select(_c.schedule_uid, *SUMMARY_COLUMNS)
        .join_from(bounds, scrape_runs, _c.schedule_uid == bounds.c.schedule_uid)
        .where(_c.scheduled_for >= bounds.c.first, _c.status.in_(statuses))
        .order_by(_c.schedule_uid, _c.scheduled_for.desc(), _c.id.desc())
    )


def _target_healths(connection: Connection, newest: dict[UUID, str], states: States) -> None:
    t = scrape_target_runs.c
    columns = (t.run_id, t.target, t.status, t.reason, t.message, t.since, t.breach)
    rows = connection.execute(select(*columns).where(t.run_id.in_(newest)).order_by(t.run_id, t.position))
    healths: dict[str, list[TargetHealth]] = {}
    for row in rows:
        healths.setdefault(newest[row.run_id], []).append(_health(row))
    for uid, targets in healths.items():
        states[uid].targets = tuple(targets)


def _health(row: Row[*tuple[Any, ...]]) -> TargetHealth:
    status, reason = RunStatus(row.status), reason_of(row.reason)
    return TargetHealth(row.target, status, reason, row.message, row.since, row.breach)


def _beyond_history(connection: Connection, page: ColumnElement[bool], states: States) -> None:
    """Fill in items and failures in a row: from the last good run, which for most is in their history."""
    farther = []
    for uid, state in states.items():
        good = next((place for place, run in enumerate(state.history) if run.status.is_good), None)
        if good is None:
            farther.append(uid)
            continue
        before = list(state.history)[:good]
        state.items = state.history[good].counts
        state.consecutive_failures = sum(run.status is RunStatus.FAILED for run in before)
    if farther:
        _last_good_counts(connection, page, farther, states)
        _long_streaks(connection, farther, states)


def _last_good_counts(connection: Connection, page: ColumnElement[bool], uids: Sequence[str], states: States) -> None:
    for row in connection.execute(_newest(and_(page, _c.schedule_uid.in_(uids)), GOOD, 1)):
        states[row.schedule_uid].items = ItemCounts(row.items_total, row.items_new, row.items_changed, row.items_gone)


def _long_streaks(connection: Connection, uids: Sequence[str], states: States) -> None:
    last_good = select(_c.schedule_uid, func.max(_c.completed_at).label("at")).where(_good, _c.schedule_uid.in_(uids))
    good = last_good.group_by(_c.schedule_uid).subquery()
    since = or_(good.c.at.is_(None), _c.completed_at > good.c.at)
    streaks = (
        select(_c.schedule_uid, func.count())
        .join_from(scrape_runs, good, good.c.schedule_uid == _c.schedule_uid, isouter=True)
        .where(_c.schedule_uid.in_(uids), _failed, since)
        .group_by(_c.schedule_uid)
    )
    for uid, failures in connection.execute(streaks):
        states[uid].consecutive_failures = failures
