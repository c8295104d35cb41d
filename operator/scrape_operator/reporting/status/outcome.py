"""The outcome that a schedule's runs add up to, as the condition Ready shows it."""

from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import NamedTuple

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, TargetHealth
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.status.condition_types import FALSE, TRUE, UNKNOWN, MessageFactory

REPLACED_IN_A_ROW = 3
"""So many runs that were replaced one after the other mean that no run of the schedule can end."""


class Outcome(NamedTuple):
    """What the latest runs say: the status and reason of Ready, and the generation that the last of them ran."""

    status: str
    reason: str
    message_factory: MessageFactory
    generation: int = 0


def outcome_of(state: ScheduleState) -> Outcome | None:
    """Return the outcome of the last run that says something, or None before the first run.

    A canceled run says nothing about the targets, unless all runs are canceled or run after run is replaced.
    """
    finished = finished_runs(state)
    replaced = len(list(takewhile(lambda run: run.reason is Reason.REPLACED, finished)))
    if replaced >= REPLACED_IN_A_ROW:
        return Outcome(FALSE, Reason.REPLACED, partial(_replaced_message, replaced), finished[0].generation)
    counted = next((run for run in finished if run.status.is_good or run.status is RunStatus.FAILED), None)
    return _from_counters(state, finished) if counted is None else _from_run(counted)


def finished_runs(state: ScheduleState) -> Sequence[RunSummary]:
    """Return the finished runs that are remembered, newest first."""
    runs = [run for run in state.history if run.status is not RunStatus.SKIPPED]
    if not runs and state.last_run is not None:
        return (state.last_run,)
    return runs


def run_message(run: RunSummary) -> str:
    """Return the message of a run, or its numbers of items where it has none."""
    if run.message:
        return run.message
    if run.reason is Reason.NOT_MODIFIED:
        return "not modified since the run before"
    total = "1 item" if run.items_scraped == 1 else f"{run.items_scraped} items"
    counts = (("new", run.counts.new), ("changed", run.counts.changed), ("gone", run.counts.gone))
    changes = ", ".join(f"{count} {name}" for name, count in counts if count)
    return f"{total}: {changes or 'no change'}"


def _from_run(run: RunSummary) -> Outcome:
    if run.status is RunStatus.FAILED:
        return Outcome(FALSE, run.reason, partial(run_message, run), run.generation)
    reason = Reason.SUCCEEDED if run.status is RunStatus.SUCCEEDED else Reason.PARTIALLY_SUCCEEDED
    return Outcome(TRUE, reason, partial(run_message, run), run.generation)


def _from_counters(state: ScheduleState, finished: Sequence[RunSummary]) -> Outcome | None:
    """Return what the counters say where every remembered run was canceled."""
    if state.consecutive_failures:
        return _from_targets(state.targets, finished)
    if state.last_successful_time is not None:
        return Outcome(TRUE, Reason.SUCCEEDED, lambda: "the last run that was not canceled succeeded")
    if finished:
        return Outcome(UNKNOWN, finished[0].reason, partial(_canceled_message, finished[0]), finished[0].generation)
    return None


def _from_targets(targets: Sequence[TargetHealth], finished: Sequence[RunSummary]) -> Outcome:
    """Return the outcome of a failed run that is not remembered, by its targets: a canceled run leaves them unchanged.

    A run has the reason of its first failed target. Where none is known, the reason is that of the last run.
    """
    failed = next((target for target in targets if target.status is RunStatus.FAILED), None)
    if failed is not None:
        return Outcome(FALSE, failed.reason, partial(_failed_message, failed))
    reason = finished[0].reason if finished else Reason.INTERNAL_ERROR
    return Outcome(FALSE, reason, lambda: "the last run that was not canceled failed, and its row is not kept")


def _failed_message(target: TargetHealth) -> str:
    return f"the last run that was not canceled failed: target {target.name}: {target.message or target.reason}"


def _replaced_message(count: int) -> str:
    return (
        f"the last {count} runs were replaced before they ended: "
        "lengthen spec.interval, shorten spec.timeout, or set spec.concurrencyPolicy to Forbid"
    )


def _canceled_message(run: RunSummary) -> str:
    return f"no run has ended with a result yet: the last one was canceled ({run.message or run.reason})"
