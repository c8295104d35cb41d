"""What is kept of a schedule's history. Called by the committer.

Some rows always stay, whatever the limits, because they are a schedule's memory: the newest run or skip of
each trigger, without which a slot would run again after a restart, and the newest good run, without which a
schedule that has failed for longer than its history would not know when it last succeeded.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Delete, Integer, and_, bindparam, case, delete, func, not_, or_, select

from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.tables import is_running, scrape_runs

_c = scrape_runs.c

GOOD = tuple(status.value for status in RunStatus if status.is_good)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows of a schedule may stay, and from when on. Skips are limited like failures, beside them."""

    uid: str
    successful: int
    failed: int
    older_than: datetime


def prune_runs(connection: Connection, all_limits: Sequence[Limits]) -> list[int]:
    """Delete what is beyond the limits; give how many runs each schedule lost."""
    return [connection.execute(_BEYOND, asdict(limits)).rowcount for limits in all_limits]


def _beyond() -> Delete:
    newest_first = (_c.scheduled_for.desc(), _c.id.desc())
    kind = case((_c.status.in_(GOOD), "good"), (_c.status == RunStatus.SKIPPED.value, "skipped"), else_="failed")
    ranked = (
        select(
            _c.id,
            _c.completed_at,
            kind.label("kind"),
            func.row_number().over(partition_by=kind, order_by=newest_first).label("of_kind"),
            func.row_number().over(partition_by=_c.trigger, order_by=newest_first).label("of_trigger"),
        )
        .where(_c.schedule_uid == bindparam("uid"), ~is_running)
        .subquery()
    ).c
    limit = case(
        (ranked.kind == "good", bindparam("successful", type_=Integer)), else_=bindparam("failed", type_=Integer)
    )
    beyond = or_(ranked.of_kind > limit, ranked.completed_at < bindparam("older_than"))
    remembered = or_(ranked.of_trigger == 1, and_(ranked.kind == "good", ranked.of_kind == 1))
    doomed = select(ranked.id).where(beyond, not_(remembered))
    return delete(scrape_runs).where(_c.id.in_(doomed))


_BEYOND = _beyond()
