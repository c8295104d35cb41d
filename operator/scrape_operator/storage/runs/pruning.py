"""Retention of a schedule's history. Called by the committer.

Some rows of a schedule always stay, whatever its limits: the newest run or skip of each trigger, which hold the
latest slots; the newest run that ended, on which the conditions rest; and the newest with targets that was not
canceled, which holds their health. A replay is none of these two. Counters and times are in `schedules`, where
pruning changes nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Delete, Integer, and_, bindparam, case, delete, exists, func, not_, or_, select

from scrape_operator.core.runs.run import RunStatus, Trigger
from scrape_operator.storage.tables import is_running, item_changes, scrape_runs, scrape_target_runs

_c = scrape_runs.c

ROWS_AT_ONCE = 1_000
"""Rows that one transaction deletes: claims of other schedules wait for it."""

MAX_CHANGES = 100_000
"""Changes of items that are kept of one schedule."""

GOOD = tuple(status.value for status in RunStatus if status.is_good)


@dataclass(frozen=True, slots=True)
class Limits:
    """The rows of a schedule that stay, by number and age. Skips have the limit of failures, apart from them."""

    uid: str
    successful: int
    failed: int
    older_than: datetime


def prune_runs(connection: Connection, all_limits: Sequence[Limits]) -> list[int]:
    """Delete runs beyond the limits, ROWS_AT_ONCE of a schedule at most. Return how many each schedule lost."""
    return [connection.execute(_BEYOND, asdict(limits)).rowcount for limits in all_limits]


def prune_changes(connection: Connection, all_limits: Sequence[Limits]) -> list[int]:
    """Delete changes of items that are too old or too many, ROWS_AT_ONCE of a schedule at most; return how many."""
    values = [{"uid": limits.uid, "older_than": limits.older_than, "most": MAX_CHANGES} for limits in all_limits]
    return [connection.execute(_OLD_CHANGES, of_schedule).rowcount for of_schedule in values]


def _beyond() -> Delete:
    newest_first = (_c.scheduled_for.desc(), _c.id.desc())
    is_skipped = _c.status == RunStatus.SKIPPED.value
    has_targets = exists().where(scrape_target_runs.c.run_id == _c.id)
    is_unusual = or_(is_skipped, _c.trigger == Trigger.REPLAY.value)
    is_telling = and_(_c.status.in_((*GOOD, RunStatus.FAILED.value)), has_targets, ~is_unusual)
    kind = case((_c.status.in_(GOOD), "good"), (is_skipped, "skipped"), else_="failed")
    ranked = (
        select(
            _c.id,
            _c.completed_at,
            kind.label("kind"),
            func.row_number().over(partition_by=kind, order_by=newest_first).label("of_kind"),
            func.row_number().over(partition_by=_c.trigger, order_by=newest_first).label("of_trigger"),
            func.row_number().over(partition_by=is_unusual, order_by=newest_first).label("of_ended"),
            func.row_number().over(partition_by=is_telling, order_by=newest_first).label("of_telling"),
            is_unusual.label("is_unusual"),
            is_telling.label("is_telling"),
        )
        .where(_c.schedule_uid == bindparam("uid"), ~is_running)
        .subquery()
    ).c
    limit = case(
        (ranked.kind == "good", bindparam("successful", type_=Integer)), else_=bindparam("failed", type_=Integer)
    )
    beyond = or_(ranked.of_kind > limit, ranked.completed_at < bindparam("older_than"))
    remembered = or_(
        ranked.of_trigger == 1,
        and_(~ranked.is_unusual, ranked.of_ended == 1),
        and_(ranked.is_telling, ranked.of_telling == 1),
    )
    doomed = select(ranked.id).where(beyond, not_(remembered)).limit(ROWS_AT_ONCE)
    return delete(scrape_runs).where(_c.id.in_(doomed))


_BEYOND = _beyond()


def _old_changes() -> Delete:
    changes = item_changes.c
    of_schedule = changes.schedule_uid == bindparam("uid")
    newest_first = select(changes.at).where(of_schedule).order_by(changes.at.desc())
    first_too_many = newest_first.offset(bindparam("most", type_=Integer)).limit(1).scalar_subquery()
    is_old = or_(changes.at < bindparam("older_than"), changes.at <= first_too_many)
    doomed = select(changes.id).where(of_schedule, is_old).limit(ROWS_AT_ONCE)
    return delete(item_changes).where(changes.id.in_(doomed))


_OLD_CHANGES = _old_changes()
