"""The conditions of a schedule, judged from plan and state (api.md, Status). Pure; called for every news of a run.

`Reconciling` and `Stalled` are absent unless True, as kstatus wants them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import MESSAGE_MAX_BYTES, RunStatus, RunSummary, TargetHealth
from scrape_operator.core.schedule.pauses import Pause, pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.upcoming import upcoming

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
BREACHES = frozenset({Reason.EXPECTATION_FAILED, Reason.SELECTOR_MISSED})


class ConditionType(StrEnum):
    """The types of conditions, as api.md names them."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SCHEDULED = "Scheduled"
    LAST_RUN_SUCCEEDED = "LastRunSucceeded"
    TARGETS_HEALTHY = "TargetsHealthy"
    DATA_HEALTHY = "DataHealthy"


class ConditionReason(StrEnum):
    """The reasons that no run can have; all others are in `core.reasons`."""

    SCHEDULED = "Scheduled"
    OUTSIDE_WINDOW = "OutsideWindow"
    ENDED = "Ended"
    PROGRESSING = "Progressing"
    RUN_FAILED = "RunFailed"


Say = Callable[[], str]
"""Writes a message. Most judgements are compared with the last one and never shown."""


class Condition(NamedTuple):
    """One judgement, to be read before the state goes on."""

    type: ConditionType
    status: str
    reason: str
    say: Say

    @property
    def message(self) -> str:
        """Give the message. It is not bounded yet: whoever shows it clips it."""
        return self.say()


class _Verdict(NamedTuple):
    """What the last run that counts says about the schedule."""

    good: bool
    reason: str
    say: Say
    generation: int


def judge(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Sequence[Condition]:
    """Judge a schedule: every condition that is not absent, in the order of api.md."""
    verdict, due = _last_verdict(state), next_due(plan, state, now)
    scheduled = _scheduled(plan, state, due)
    conditions = [_ready(plan, verdict, scheduled, coming=scheduled.status == TRUE or bool(state.active))]
    if _begins(state, due, now) and (taken_up := _reconciling(plan, verdict)) is not None:
        conditions.append(taken_up)
    if plan.is_stalled:
        conditions.append(Condition(ConditionType.STALLED, TRUE, Reason.INVALID_SPEC, partial(_findings, plan)))
    targets = known_targets(plan, state)
    conditions += (scheduled, _last_run(state.last_run), _targets(targets), _data(targets))
    return conditions


def next_due(plan: SchedulePlan, state: ScheduleState, now: datetime) -> datetime | None:
    """Give when the schedule runs next; None where it doesn't."""
    if pause_of(plan, state) is not None:
        return None
    if state.next_due is None and not state.is_outside:
        return upcoming(plan, state, now).run
    return state.next_due


def _begins(state: ScheduleState, due: datetime | None, now: datetime) -> bool:
    """Whether a run goes on, or is to begin at once."""
    return bool(state.active) or (due is not None and due <= now)


def known_targets(plan: SchedulePlan, state: ScheduleState) -> Sequence[TargetHealth]:
    """Give the health of the targets that the spec still has, in the order of the last run."""
    names = frozenset(plan.target_names)
    return [target for target in state.targets if not names or target.name in names]


def is_failing(target: TargetHealth) -> bool:
    """Whether a target failed when it was last scraped."""
    return target.status is RunStatus.FAILED


def _last_verdict(state: ScheduleState) -> _Verdict | None:
    """Find the last run that says something: a canceled one says nothing.

    Where only canceled runs are remembered (concurrencyPolicy Replace with a run that never gets
    through), the counters still know how the last other one ended.
    """
    for run in _finished(state):
        if run.status.is_good:
            reason = Reason.SUCCEEDED if run.status is RunStatus.SUCCEEDED else Reason.PARTIALLY_SUCCEEDED
            return _Verdict(True, reason, partial(_run_message, run), run.generation)
        if run.status is RunStatus.FAILED:
            return _Verdict(False, run.reason, partial(_run_message, run), run.generation)
    if state.consecutive_failures:
        return _Verdict(False, ConditionReason.RUN_FAILED, lambda: "the last run that was not canceled failed", 0)
    if state.last_successful_time is not None:
        return _Verdict(True, Reason.SUCCEEDED, lambda: "the last run that was not canceled succeeded", 0)
    return None


def _finished(state: ScheduleState) -> Iterator[RunSummary]:
    if state.last_run is not None:
        yield state.last_run
    yield from state.history


def _run_message(run: RunSummary) -> str:
    items = "1 item" if run.items_scraped == 1 else f"{run.items_scraped} items"
    return run.message or f"run {run.id}: {items}, {run.counts.changed} changed"


def _findings(plan: SchedulePlan) -> str:
    """Join the first findings: no more than can be shown."""
    text = ""
    for finding in plan.findings:
        text = f"{text}; {finding}" if text else str(finding)
        if len(text) > MESSAGE_MAX_BYTES:
            break
    return text


def _ready(plan: SchedulePlan, verdict: _Verdict | None, scheduled: Condition, *, coming: bool) -> Condition:
    kind = ConditionType.READY
    if plan.is_stalled:
        return Condition(kind, FALSE, Reason.INVALID_SPEC, partial(_findings, plan))
    if verdict is not None:
        say = partial(_ready_message, scheduled, verdict.say)
        return Condition(kind, TRUE if verdict.good else FALSE, verdict.reason, say)
    reason = ConditionReason.PROGRESSING if coming else scheduled.reason
    return Condition(
        kind, UNKNOWN, reason, partial(_ready_message, scheduled, lambda: "the first run has not ended yet")
    )


def _ready_message(scheduled: Condition, say: Say) -> str:
    why_not = f"not scheduled: {scheduled.message}; " if scheduled.status == FALSE else ""
    return why_not + say()


def _reconciling(plan: SchedulePlan, verdict: _Verdict | None) -> Condition | None:
    """Tell that the spec is being taken up by the run that begins: the first one, or one that may mend a failure."""
    if plan.is_stalled:
        return None
    mending = verdict is not None and not verdict.good and plan.first_run_at_once and not plan.suspend
    if verdict is None or (mending and 0 < verdict.generation < plan.generation):
        say = partial("the first run of generation {} has not ended yet".format, plan.generation)
        return Condition(ConditionType.RECONCILING, TRUE, ConditionReason.PROGRESSING, say)
    return None


def _scheduled(plan: SchedulePlan, state: ScheduleState, due: datetime | None) -> Condition:
    kind, pause = ConditionType.SCHEDULED, pause_of(plan, state)
    if pause is not None:
        return Condition(kind, FALSE, pause, partial(_pause_message, pause, state))
    if state.is_outside:
        return Condition(kind, FALSE, ConditionReason.OUTSIDE_WINDOW, partial(_outside_message, plan, due))
    if due is None:
        return Condition(kind, FALSE, ConditionReason.ENDED, lambda: "no due time lies ahead: see spec.endTime")
    return Condition(kind, TRUE, ConditionReason.SCHEDULED, lambda: "it runs at status.nextScheduleTime")


def _pause_message(pause: Pause, state: ScheduleState) -> str:
    match pause:
        case Pause.INVALID_SPEC:
            return "the spec is refused: see the condition Stalled"
        case Pause.SUSPENDED:
            return "spec.suspend is true"
        case Pause.SUSPENDED_BY_FAILURES:
            failures = f"{state.consecutive_failures} runs failed in a row (spec.suspendAfterFailures)"
            return f"{failures}: change the spec, or ask for a run that succeeds"


def _outside_message(plan: SchedulePlan, due: datetime | None) -> str:
    if due is None:
        return "no due time ahead is inside spec.windows: widen them, or let it be due at other times"
    zone = plan.windows.zone
    return f"the due times before {due.astimezone(zone):%a %Y-%m-%d %H:%M} {zone.key} are outside spec.windows"


def _last_run(run: RunSummary | None) -> Condition:
    kind = ConditionType.LAST_RUN_SUCCEEDED
    if run is None:
        return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "no run has ended yet")
    return Condition(kind, TRUE if run.status.is_good else FALSE, run.reason, partial(_run_message, run))


def _targets(targets: Sequence[TargetHealth]) -> Condition:
    kind, failing = ConditionType.TARGETS_HEALTHY, [target for target in targets if is_failing(target)]
    if failing:
        return Condition(kind, FALSE, failing[0].reason, partial(_failing_message, failing, len(targets)))
    if any(target.status.is_good for target in targets):
        return Condition(kind, TRUE, Reason.SUCCEEDED, lambda: "no target failed in the last run")
    return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "no target has been scraped yet")


def _failing_message(failing: Sequence[TargetHealth], total: int) -> str:
    return f"{len(failing)} of {total} targets failed; {failing[0].name}: {failing[0].message}"


def _data(targets: Sequence[TargetHealth]) -> Condition:
    """Judge the data that came. A target that gave none because it failed says nothing about data."""
    kind, breached = ConditionType.DATA_HEALTHY, next((target for target in targets if _is_breached(target)), None)
    if breached is not None:
        reason = breached.reason if breached.reason in BREACHES else Reason.EXPECTATION_FAILED
        return Condition(kind, FALSE, reason, partial(_breach_message, breached))
    if any(target.status.is_good for target in targets):
        return Condition(kind, TRUE, Reason.SUCCEEDED, lambda: "every expectation is met")
    return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "no data has come that could be judged")


def _breach_message(target: TargetHealth) -> str:
    return f"target {target.name}: {target.breach or target.message}"


def _is_breached(target: TargetHealth) -> bool:
    return target.breach is not None or target.reason in BREACHES
