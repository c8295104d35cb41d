"""Rows of runs with their revisions and targets. Used by `results` and `changes`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, Row, Select, Text, bindparam, case, cast, func, null, select

from scrape_operator.core.reading import RunRow, TargetRunRow
from scrape_operator.core.results import VersionedRun
from scrape_operator.storage.runs.pruning import GOOD
from scrape_operator.storage.tables import schedules, scrape_runs, scrape_target_runs

_runs, _targets = scrape_runs.c, scrape_target_runs.c

_RUN_LENGTH = len(RunRow._fields)

ONLY_TARGET = (
    select(case((func.count() == 1, func.min(_targets.target))))
    .where(_targets.run_id == _runs.id)
    .correlate(scrape_runs)
    .scalar_subquery()
)
"""The target of a run that has no other."""

_of_runs = _targets.run_id.in_(bindparam("runs", expanding=True))

_good = func.sum(case((_targets.status.in_(GOOD), 1), else_=0), type_=Integer)

_SUM = (
    select(cast(func.count(), Text) + " " + cast(_good, Text) + " " + func.min(_targets.target, type_=Text))
    .where(_targets.run_id == _runs.id)
    .correlate(scrape_runs)
    .scalar_subquery()
)
"""The number of targets, of those that went well, and the name of the first, as one text; NULL without targets.

One text needs one look-up for each run. A second statement for the sums of 500 runs takes twice the time.
"""

_TARGETS = (
    select(*(_targets[name] for name in TargetRunRow._fields))
    .where(_of_runs)
    .order_by(_targets.run_id, _targets.position)
)


def select_runs(*, with_sums: bool = True) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the runs of schedules that are not deleted, for `run_of`."""
    sums = _SUM if with_sums else null()
    columns = (*(_runs[name] for name in RunRow._fields), _runs.inserted_revision, _runs.revision, sums.label("sum"))
    joined = select(*columns).join_from(scrape_runs, schedules, schedules.c.uid == _runs.schedule_uid)
    return joined.where(schedules.c.deleted_at.is_(None))


def run_of(row: Row[*tuple[Any, ...]]) -> VersionedRun:
    """Return the run of a row of `select_runs`."""
    run, (inserted, revision, sums) = RunRow._make(row[:_RUN_LENGTH]), row[_RUN_LENGTH:]
    if sums is None:
        return VersionedRun(run, inserted, revision)
    targets, good, first = sums.split(" ", 2)
    return VersionedRun(run, inserted, revision, int(targets), int(good), first if targets == "1" else None)


def add_targets(connection: Connection, runs: Iterable[VersionedRun]) -> list[VersionedRun]:
    """Return the runs with their targets, in the order of the spec, and the sums of these."""
    runs = list(runs)
    found = read_targets(connection, [run.run.id for run in runs])
    return [_with_targets(run, found.get(run.run.id, ())) for run in runs]


def _with_targets(run: VersionedRun, targets: Sequence[TargetRunRow]) -> VersionedRun:
    good = sum(target.status in GOOD for target in targets)
    only = targets[0].target if len(targets) == 1 else None
    return VersionedRun(run.run, run.inserted, run.revision, len(targets), good, only, targets)


def read_targets(connection: Connection, run_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[TargetRunRow]]:
    """Return the targets of runs by run, in the order of the spec."""
    if not run_ids:
        return {}
    rows = map(TargetRunRow._make, connection.execute(_TARGETS, {"runs": list(run_ids)}))
    return {run_id: list(targets) for run_id, targets in groupby(rows, lambda target: target.run_id)}
