"""Says why there is no row to print: a name is unknown, or a schedule has no such row."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import get_close_matches

import typer

from scrape_operator.core.errors import NotFound
from scrape_operator.core.ids import RunIDs
from scrape_operator.core.nearest import MEANT_MAX, hint_for, shown
from scrape_operator.core.reading import RowReader, RunQuery, RunRow, ScheduleRow
from scrape_operator.core.runs.run import RunStatus, clip
from scrape_operator.core.times import rfc3339

LINE_MAX_BYTES = 1024
NAME_MAX_BYTES = 253
ID_LIKENESS = 0.85
"""IDs of runs of one day begin with the same digits: a likeness of 0.6, the default of difflib, says nothing."""

Demand = Callable[[], Awaitable[None]]
"""Raises NotFound if another name that was asked for is unknown."""

ENDED = (RunStatus.SUCCEEDED, RunStatus.PARTIALLY_SUCCEEDED, RunStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Sought:
    """Rows that were looked for, and of which there is none.

    Attributes:
        row: What one of the rows is called.
        namespace: The namespace of the schedule.
        name: The schedule; None for all of the namespace.
        target: The target whose rows were looked for; None for all.
        is_narrowed: Whether other options left out some of the rows.
        is_of_live: Whether rows of deleted schedules were left out.

    """

    row: str
    namespace: str
    name: str | None = None
    target: str | None = None
    is_narrowed: bool = False
    is_of_live: bool = False


async def report_absence(history: RowReader, sought: Sought, demand: Demand | None = None) -> None:
    """Print one line on standard error that says why there is no row.

    Raises:
        NotFound: The database has no schedule of the name, or the schedule has no target of the name.

    """
    schedule = None
    if sought.name is not None:
        schedule = await demand_schedule(history, sought.namespace, sought.name)
        await _demand_target(history, sought)
    if demand is not None:
        await demand()
    line = await _of_namespace(history, sought) if schedule is None else _of_schedule(schedule, sought)
    typer.echo(clip(line, LINE_MAX_BYTES), err=True)


async def demand_schedule(history: RowReader, namespace: str, name: str) -> ScheduleRow:
    """Return the schedule of a name: where there are several, the one that is not deleted.

    Raises:
        NotFound: The database has none; the message suggests names and namespaces.

    """
    named = await history.schedules(name)
    here = [schedule for schedule in named if schedule.namespace == namespace]
    if here:
        return min(here, key=lambda schedule: schedule.deleted_at is not None)
    elsewhere = sorted({schedule.namespace for schedule in named if schedule.deleted_at is None})
    hint = hint_for(name, await history.schedule_names(namespace), elsewhere)
    hint = hint or f"a schedule is there from its first run on{await _namespaces(history)}"
    raise not_found(f"no ScrapeSchedule {clip(f'{namespace}/{name}', NAME_MAX_BYTES)} in the database: {hint}")


async def find_run(history: RowReader, ids: RunIDs, namespace: str | None = None) -> RunRow:
    """Return the run with an ID. It is sought in a namespace first: some people may read no other.

    Raises:
        NotFound: The database has none, or the ID is not whole; the message suggests IDs.

    """
    if namespace is not None and ids.is_whole:
        for run in (await history.runs(RunQuery(namespace, ids=ids), limit=1)).rows:
            return run
    found = (await history.runs(RunQuery(ids=ids), limit=MEANT_MAX)).rows
    if found and ids.is_whole:
        return found[0]
    meant = [str(run.id) for run in found] or await _similar_ids(history, ids)
    hint = f"did you mean {shown(meant)}?" if meant else "`scrape-operator runs` lists those that are kept"
    raise not_found(f"{f'no run has the ID {ids}' if ids.is_whole else f'{ids} is no whole ID of a run'}: {hint}")


async def _similar_ids(history: RowReader, ids: RunIDs) -> list[str]:
    newest = [str(run.id) for run in (await history.runs(RunQuery())).rows]
    return get_close_matches(str(ids), newest, n=MEANT_MAX, cutoff=ID_LIKENESS)


async def _of_namespace(history: RowReader, sought: Sought) -> str:
    text = f"no {sought.row} of any schedule in namespace {sought.namespace}"
    is_known = await history.schedule_names(sought.namespace, limit=1)
    return text if is_known else text + await _namespaces(history)


def _of_schedule(schedule: ScheduleRow, sought: Sought) -> str:
    key = f"ScrapeSchedule {schedule.namespace}/{schedule.name}"
    if sought.is_of_live and schedule.deleted_at is not None:
        at = rfc3339(schedule.deleted_at, "seconds")
        return f"{key} was deleted at {at}: --gone prints its {sought.row}s"
    if sought.is_narrowed or sought.target is not None:
        return f"{key} has no {sought.row} that fits the options"
    return f"{key} has no {sought.row} yet" + (": --gone prints those that are gone" if sought.is_of_live else "")


async def _namespaces(history: RowReader) -> str:
    """Return the namespaces that have schedules, as the end of a line."""
    namespaces = await history.namespaces()
    return f"; namespaces with schedules: {shown(namespaces)}" if namespaces else ""


async def _demand_target(history: RowReader, sought: Sought) -> None:
    """Raise NotFound for a target that the newest run of the schedule did not have."""
    if sought.target is None:
        return
    newest = (await history.runs(RunQuery(sought.namespace, sought.name, ENDED), limit=1)).rows
    targets = [target.target for target in await history.target_runs([run.id for run in newest])]
    if targets and sought.target not in targets:
        place = f"ScrapeSchedule {sought.namespace}/{sought.name}"
        hint = hint_for(sought.target, targets)
        raise not_found(f"{place} has no target {sought.target}: {hint}")


def not_found(text: str) -> NotFound:
    """Return an error with a message of bounded length."""
    return NotFound(clip(text, LINE_MAX_BYTES))
