"""From rows to the states of schedules: how a process starts with the memory of the one before.

Schedules are read in pages, by UID, so that neither the database nor this process ever holds all of history.
`core.schedule.state.ScheduleState` says how the same facts are kept up afterwards; a test compares the two.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, exists, func, literal, select

from scrape_operator.core.runs.run import RunStatus, RunSummary, TargetHealth, Trigger
from scrape_operator.core.schedule.instants import EPOCH
from scrape_operator.core.schedule.state import HISTORY_LENGTH, ScheduleState
from scrape_operator.storage.engine.columns import UTCDateTime
from scrape_operator.storage.messages.delivering import read_healths
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.runs.summaries import SUMMARY_COLUMNS, counts_of, reason_of, summary_of
from scrape_operator.storage.tables import schedules, scrape_runs, scrape_target_runs

SCHEDULES_PER_PAGE = 500
FINISHED = (*GOOD, RunStatus.FAILED.value, RunStatus.CANCELED.value)

States = dict[str, ScheduleState]

_c = scrape_runs.c
_s = schedules.c


def load_page(connection: Connection, namespaces: Collection[str], after: str) -> States:
    """Return the states of the next schedules that are not deleted; the first page is after the empty text."""
    uids = select(_s.uid).where(_s.uid > after, _s.deleted_at.is_(None)).order_by(_s.uid).limit(SCHEDULES_PER_PAGE)
    watched = uids.where(_s.namespace.in_(namespaces)) if namespaces else uids
    return load(connection, connection.scalars(watched).all())


def load(connection: Connection, uids: Sequence[str]) -> States:
    """Return the states of these schedules, as far as they are known."""
    states = {row.uid: _state(row) for row in connection.execute(select(schedules).where(_s.uid.in_(uids)))}
    newest = _history(connection, list(states), states)
    _add_older_failures(connection, states)
    _add_skipped_requests(connection, list(states), states)
    _target_healths(connection, newest, states)
    for uid, healths in read_healths(connection, list(states)).items():
        states[uid].webhooks = {health.name: health for health in healths}
    return states


def _state(row: Row[*tuple[Any, ...]]) -> ScheduleState:
    return ScheduleState(
        last_slot=row.last_slot,
        slot_generation=row.slot_generation,
        last_schedule_time=row.last_schedule_time,
        last_successful_time=row.last_successful_time,
        last_failure_time=row.last_failure_time,
        last_change_time=row.last_change_time,
        last_handled_request=row.last_handled_request,
        handled_requests=tuple(row.handled_requests.split()),
        default_interval=None if row.default_interval is None else timedelta(seconds=row.default_interval),
        runs=row.runs,
        consecutive_failures=row.consecutive_failures,
        missed=row.missed,
        skipped=row.skipped,
        items=counts_of(row),
    )


def _history(connection: Connection, uids: Sequence[str], states: States) -> dict[UUID, str]:
    """Add the last finished runs. Return the newest run of each schedule that has targets, with its UID."""
    has_targets = exists().where(scrape_target_runs.c.run_id == _c.id).label("has_targets")
    newest: dict[str, UUID] = {}
    found: dict[str, list[RunSummary]] = defaultdict(list)
    for row in connection.execute(_newest(uids, _is_finished).add_columns(has_targets)):
        runs = found[row.schedule_uid]
        if len(runs) == HISTORY_LENGTH:
            continue  # two runs of one due time, one of them by request
        runs.append(summary_of(row))
        if row.has_targets and row.status != RunStatus.CANCELED.value:
            newest.setdefault(row.schedule_uid, row.id)
    for uid, runs in found.items():
        states[uid].adopt_history(runs)
    return {run_id: uid for uid, run_id in newest.items()}


def _add_older_failures(connection: Connection, states: States) -> None:
    """Add the last failed runs that canceled ones follow: those alone fill the histories."""
    uids = [uid for uid, state in states.items() if state.consecutive_failures and state.last_failure is None]
    for row in connection.execute(_newest(uids, _is_failed)) if uids else ():
        state = states[row.schedule_uid]
        state.last_failure = state.last_failure or summary_of(row)


def _add_skipped_requests(connection: Connection, uids: Sequence[str], states: States) -> None:
    """Add the manual runs that were skipped to the histories: the person who requested one looks for it there."""
    for row in connection.execute(_newest(uids, _is_skipped_request)):
        states[row.schedule_uid].history.append(summary_of(row))
    for uid in uids:
        history = states[uid].history
        history.sort(key=lambda run: run.scheduled_for, reverse=True)
        del history[HISTORY_LENGTH:]


def _is_finished(runs: FromClause) -> ColumnElement[bool]:
    """Return whether a run says how the schedule does: a replay does not."""
    return and_(runs.c.status.in_(FINISHED), runs.c.trigger != Trigger.REPLAY.value)


def _is_failed(runs: FromClause) -> ColumnElement[bool]:
    return and_(runs.c.status == RunStatus.FAILED.value, runs.c.trigger != Trigger.REPLAY.value)


def _is_skipped_request(runs: FromClause) -> ColumnElement[bool]:
    return and_(runs.c.status == RunStatus.SKIPPED.value, runs.c.trigger == Trigger.MANUAL.value)


def _newest(uids: Sequence[str], is_shown: Callable[[FromClause], ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the newest rows of each schedule that are shown.

    The due time of the oldest of them is looked up first, from the end of the index: so a schedule costs
    a few rows, however long its history is.
    """
    runs = scrape_runs.alias("newer")
    oldest = (
        select(runs.c.scheduled_for)
        .where(runs.c.schedule_uid == _s.uid, is_shown(runs))
        .order_by(runs.c.scheduled_for.desc())
        .offset(HISTORY_LENGTH - 1)
        .limit(1)
        .scalar_subquery()
    )
    first = func.coalesce(oldest, literal(EPOCH, UTCDateTime)).label("first")
    bounds = select(_s.uid, first).where(_s.uid.in_(uids)).subquery()
    return (
        select(_c.schedule_uid, *SUMMARY_COLUMNS)
        .join_from(bounds, scrape_runs, _c.schedule_uid == bounds.c.uid)
        .where(_c.scheduled_for >= bounds.c.first, is_shown(scrape_runs))
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
