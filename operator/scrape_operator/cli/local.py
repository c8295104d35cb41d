"""Shows what `local` does: a live table on a terminal, one line for each run elsewhere."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.formats import RecordFormat
from scrape_operator.cli.local_records import RunRecords
from scrape_operator.cli.manifests import read_inputs
from scrape_operator.cli.networks import network_remedy
from scrape_operator.cli.runs import stay_note
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, clip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.times import rfc3339
from scrape_operator.local.files import ScheduleFiles
from scrape_operator.local.objects import DEFAULT_NAMESPACE
from scrape_operator.local.session import Limits, run_session
from scrape_operator.settings import Settings

ITEM_MAX_BYTES = 160
RECENT_LINES = 12
DATABASE_VARIABLES = ("DATABASE_URL", "SCRAPE_OPERATOR_SQLITE_PATH")


async def run_local(
    settings: Settings, paths: Sequence[Path], limits: Limits, shown: int, form: RecordFormat = RecordFormat.TEXT
) -> bool:
    """Run the schedules of files on this machine, and return whether all of it succeeded."""
    used = with_database_beside(settings, paths)
    files = ScheduleFiles(paths, read_inputs)
    if form is RecordFormat.TEXT:
        has_succeeded = await _run_on_screen(used, files, limits, shown)
    else:
        has_succeeded = await _run_for_program(used, files, limits, RunRecords(form))
    file = used.sqlite_path if used.sqlite_path != settings.sqlite_path else None
    for line in reading_hints(file, files.places):
        Console(stderr=True).print(Text(line), soft_wrap=True)
    return has_succeeded


def reading_hints(file: Path | None, places: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the commands that show what was stored.

    Args:
        file: The SQLite file; None if the commands find the database by themselves.
        places: Namespace and name of the schedules.

    """
    if not places:
        return
    variable = "" if file is None else f"SCRAPE_OPERATOR_SQLITE_PATH={quote(str(file))} "
    namespace, name = places[0]
    options = f"{f' {name}' if len(places) == 1 else ''}{f' -n {namespace}' if namespace != DEFAULT_NAMESPACE else ''}"
    for verb in ("items", "runs", "changes"):
        yield f"To see the {verb}: {variable}scrape-operator {verb}{options}"


async def _run_on_screen(settings: Settings, files: ScheduleFiles, limits: Limits, shown: int) -> bool:
    console = open_console()
    screen = Screen(console, shown)
    live = Live(get_renderable=screen.render, console=console, refresh_per_second=4)
    with live if console.is_terminal else nullcontext():
        return await _run_until_cut_off(settings, files, limits, screen)


async def _run_for_program(settings: Settings, files: ScheduleFiles, limits: Limits, records: RunRecords) -> bool:
    has_succeeded = await _run_until_cut_off(settings, files, limits, records)
    records.close()
    return has_succeeded


async def _run_until_cut_off(
    settings: Settings, files: ScheduleFiles, limits: Limits, reporter: "RunRecords | Screen"
) -> bool:
    """Run the schedules, and end early if the reader of the output has gone. Raises BrokenPipeError then."""
    session = asyncio.create_task(run_session(settings, files, reporter, limits))
    reporter.on_cut_off = session.cancel
    try:
        return await session
    except asyncio.CancelledError:
        if reporter.error is None:
            raise
        raise reporter.error from None


def with_database_beside(settings: Settings, paths: Sequence[Path]) -> Settings:
    """Return settings whose SQLite file is beside the first path, unless the environment names a database."""
    if any(os.environ.get(name) for name in DATABASE_VARIABLES):
        return settings
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    return settings.model_copy(update={"sqlite_path": folder / "scrape-operator.db"})


@dataclass(slots=True)
class _Row:
    plan: SchedulePlan
    state: ScheduleState


@dataclass(slots=True)
class Screen:
    """Implements StatusSink and RunObserver for a person. `shown` items of each run are printed.

    `on_cut_off` is called when the reader of the output has gone; `error` is set then.
    """

    console: Console
    shown: int
    on_cut_off: Callable[[], object] = lambda: None
    error: BrokenPipeError | None = None
    _rows: dict[str, _Row] = field(default_factory=dict)
    _lines: list[Text] = field(default_factory=list)
    _has_remedy: bool = False

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        """Do nothing: a file has no status."""

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Print nothing: runs are printed when they end."""

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Show the schedule's row anew."""
        self._rows[plan.key.uid] = _Row(plan, state)

    def forget(self, uid: str) -> None:
        """Drop the row of a schedule that is gone."""
        with suppress(KeyError):
            del self._rows[uid]

    def refused(self, plan: SchedulePlan) -> None:
        """Show what is wrong with a schedule."""
        for finding in plan.findings:
            self.problem(f"{plan.key}: {finding}")

    def notice(self, text: str) -> None:
        """Show what is no failure."""
        self._say(Text(text, style="yellow"))

    def problem(self, text: str) -> None:
        """Show what is wrong with a file."""
        self._say(Text(text, style="bold red"))

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Do nothing: the row shows a run that goes on."""

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Show a run, with its due time as `runs` does, and its first items."""
        style = "green" if result.status is RunStatus.SUCCEEDED else "red"
        self._say(Text(_line(plan, result, counts, duration), style=style))
        for target in result.targets:
            for warning in target.warnings:
                self._say(Text(f"  {target.target}: warning: {clip(warning)}", style="yellow"))
            for item in target.items[: self.shown]:
                self._say(Text(f"  {target.target}: {_brief(item.data)}"))
        remedy = network_remedy(target.message for target in result.targets)
        if remedy and not self._has_remedy:
            self._has_remedy = True
            self.notice(f"To allow this address for commands on this machine: {remedy}")

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Show a due time that was not run."""
        self._say(Text(f"{_now()} {plan.key} skipped {reason}", style="yellow"))

    def render(self) -> Table:
        """Return the table of schedules, with the latest lines below it."""
        table = Table(box=box.SIMPLE, pad_edge=False)
        for name in ("NAME", "SCHEDULE", "LAST", "NEXT", "ITEMS", "RUNNING", "RESULT"):
            table.add_column(name)
        for row in self._rows.values():
            table.add_row(*map(Text, _cells(row)))
        outer = Table.grid()
        outer.add_row(table)
        for line in self._lines:
            outer.add_row(line)
        return outer

    def _say(self, line: Text) -> None:
        if self.console.is_terminal:
            self._lines = [*self._lines, line][-RECENT_LINES:]
        elif self.error is None:
            try:
                self.console.print(line, soft_wrap=True)
            except SystemExit:  # what rich raises where the reader has gone
                self.error = BrokenPipeError()
                self.on_cut_off()


def _line(plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> str:
    scraped = sum(len(target.items) for target in result.targets)
    figures = f"items={scraped} new={counts.new} changed={counts.changed} gone={counts.gone} {duration:.1f}s"
    due = rfc3339(result.claim.scheduled_for, "seconds")
    figures += stay_note(result.status, counts.total)
    text = f"{due} {plan.key} {result.claim.trigger} {result.status} {result.reason} {figures}"
    return f"{text}: {result.message}" if result.message else text


def _cells(row: _Row) -> tuple[str, ...]:
    plan, state = row.plan, row.state
    last = state.last_run
    return (
        str(plan.key),
        plan.schedule_text,
        "" if state.last_schedule_time is None else rfc3339(state.last_schedule_time, "seconds"),
        "" if state.next_due is None else rfc3339(state.next_due, "seconds"),
        str(state.items.total),
        str(len(state.active) or ""),
        str(plan.stall_reason) if plan.stall_reason else "" if last is None else str(last.reason),
    )


def _brief(data: Mapping[str, Any]) -> str:
    return clip(orjson.dumps(data).decode(), ITEM_MAX_BYTES)


def _now() -> str:
    return rfc3339(datetime.now(UTC), "seconds")
