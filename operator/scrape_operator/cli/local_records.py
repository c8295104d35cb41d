"""Prints for `local -o json` and `-o ndjson` each run when it has ended, as `test -o json` prints it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import typer

from scrape_operator.cli.formats import RecordFormat
from scrape_operator.cli.trial_report import outcome_record, run_record
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.outcome import Outcome
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.local.trial import Tried, refusal_of

RUN_ID = "runID"


class RunRecords:
    """Implements the Reporter of a session for a program: runs on standard output, all else on standard error.

    `on_cut_off` is called when the reader of the output has gone; `error` is then what the last write raised.
    """

    def __init__(self, form: RecordFormat) -> None:
        self._is_list = form is RecordFormat.JSON
        self._is_empty = True
        self.on_cut_off: Callable[[], object] = lambda: None
        self.error: BrokenPipeError | None = None

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        """Do nothing: a file has no status."""

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Print nothing: runs are printed when they end."""

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Print nothing: runs are printed when they end."""

    def forget(self, uid: str) -> None:
        """Print nothing."""

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Print nothing: runs are printed when they end."""

    def notice(self, text: str) -> None:
        """Say what is no failure."""
        typer.echo(text, err=True)

    def problem(self, text: str) -> None:
        """Say what is wrong with a file."""
        typer.echo(text, err=True)

    def refused(self, plan: SchedulePlan) -> None:
        """Print a failed run without an ID for a schedule that does not run."""
        outcome = refusal_of(plan)
        if outcome is not None:
            self._print(outcome_record(str(plan.key), outcome) | {RUN_ID: None})

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Print a run."""
        self._print(run_record(Tried(result)) | {RUN_ID: str(result.claim.id)})

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Print a due time that was not run."""
        self._print(outcome_record(str(plan.key), Outcome(RunStatus.SKIPPED, reason)) | {RUN_ID: None})

    def close(self) -> None:
        """End the list."""
        if self._is_list:
            typer.echo("[]" if self._is_empty else "]")

    def _print(self, record: Mapping[str, Any]) -> None:
        if self.error is not None:
            return
        mark = ("[ " if self._is_empty else ", ") if self._is_list else ""
        self._is_empty = False
        try:
            typer.echo(mark + json.dumps(record, ensure_ascii=False))
        except BrokenPipeError as error:
            self.error = error
            self.on_cut_off()
