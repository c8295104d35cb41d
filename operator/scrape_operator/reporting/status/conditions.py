"""Evaluates the conditions of a schedule from its plan and its state. Pure.

`Reconciling` and `Stalled` are absent unless they are True, as kstatus expects.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from scrape_operator.core.runs.health import BREACHES, is_breached
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import MESSAGE_MAX_BYTES, RunStatus, RunSummary, TargetHealth
from scrape_operator.core.runs.slot import First, SecretsFound
from scrape_operator.core.schedule.due_times import YEARS_AHEAD
from scrape_operator.core.schedule.immediate import IMMEDIATE_RUN_PACE, immediate_run_at, immediate_slot
from scrape_operator.core.schedule.instants import LAST
from scrape_operator.core.schedule.pauses import Pause, pause_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.upcoming import Upcoming, upcoming
from scrape_operator.reporting.status.condition_types import (
    FALSE,
    TRUE,
    UNKNOWN,
    Condition,
    ConditionReason,
    ConditionType,
    MessageFactory,
)
from scrape_operator.reporting.status.delivery_conditions import secrets, target_message, webhooks
from scrape_operator.reporting.status.outcome import Outcome, outcome_of, run_message


def evaluate_conditions(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Sequence[Condition]:
    """Return every condition that is not absent, in the order in which the status lists them."""
    outcome, scheduled = outcome_of(state), _scheduled(plan, state, now)
    begins = _begins(plan, state, now)
    conditions = [_stalled(plan, state) or _ready(outcome, scheduled, begins=begins)]
    if begins and (reconciling := _reconciling(plan, outcome)) is not None:
        conditions.append(reconciling)
    if (stalled := _stalled(plan, state)) is not None:
        conditions.append(Condition(ConditionType.STALLED, TRUE, stalled.reason, stalled.message_factory))
    targets = known_targets(plan, state)
    conditions += (scheduled, _last_run(state.last_run), _targets(targets), _data(targets))
    conditions += [found for found in (secrets(plan, state, targets), webhooks(plan, state)) if found is not None]
    return conditions


def next_due(plan: SchedulePlan, state: ScheduleState, now: datetime) -> datetime | None:
    """Return when the schedule runs next, or None if it does not."""
    if pause_of(plan, state) is not None:
        return None
    if state.next_due is None and not state.is_outside:
        return upcoming(plan, state, now).run
    return state.next_due


def known_targets(plan: SchedulePlan, state: ScheduleState) -> Sequence[TargetHealth]:
    """Return the health of the targets that the spec still has, in the order of the last run."""
    names = frozenset(plan.target_names)
    return [target for target in state.targets if not names or target.name in names]


def is_failing(target: TargetHealth) -> bool:
    """Return whether a target failed when it was last scraped."""
    return target.status is RunStatus.FAILED


def is_healthy(target: TargetHealth) -> bool:
    """Return whether a target neither failed nor broke an expectation."""
    return target.status.is_good and not is_breached(target)


def _begins(plan: SchedulePlan, state: ScheduleState, now: datetime) -> bool:
    """Return whether a run is active, or is due now."""
    if state.active:
        return True
    if pause_of(plan, state) is not None:
        return False
    if state.next_due is not None and state.next_due <= now:
        return True
    first = immediate_run_at(plan, state, now)
    return first is not None and first <= now + IMMEDIATE_RUN_PACE


def _stalled(plan: SchedulePlan, state: ScheduleState) -> Condition | None:
    """Return Ready where only a person can help, else None."""
    if plan.stall_reason is not None:
        return Condition(ConditionType.READY, FALSE, plan.stall_reason, partial(_findings, plan))
    if state.defect is not None:
        return Condition(ConditionType.READY, FALSE, Reason.INTERNAL_ERROR, partial(str, state.defect))
    missing = [target for target in known_targets(plan, state) if target.reason is Reason.SECRET_NOT_FOUND]
    if missing and state.last_run is not None and state.last_run.status is RunStatus.FAILED:
        return Condition(ConditionType.READY, FALSE, Reason.SECRET_NOT_FOUND, partial(target_message, missing[0]))
    return None


def _ready(outcome: Outcome | None, scheduled: Condition, *, begins: bool) -> Condition:
    """Return Ready. Before the first run it is Unknown while that run is due; else nothing is missing."""
    kind = ConditionType.READY
    if outcome is not None:
        message = partial(_ready_message, scheduled, outcome.message_factory)
        return Condition(kind, outcome.status, outcome.reason, message)
    if begins:
        return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "the first run has not ended yet")
    message = partial(_ready_message, scheduled, lambda: "the spec is accepted; no run is due yet")
    return Condition(kind, TRUE, ConditionReason.SCHEDULED, message)


def _ready_message(scheduled: Condition, message: MessageFactory) -> str:
    return f"not scheduled: {scheduled.message}; {message()}" if scheduled.status == FALSE else message()


def _reconciling(plan: SchedulePlan, outcome: Outcome | None) -> Condition | None:
    """Return Reconciling while the first run goes on, or the first run of a spec that was changed after a failure."""
    if plan.is_stalled:
        return None
    is_retry = outcome is not None and outcome.status != TRUE and plan.first_run_at_once and not plan.suspend
    if outcome is None or (is_retry and 0 < outcome.generation < plan.generation):
        message = partial("the first run of generation {} has not ended yet".format, plan.generation)
        return Condition(ConditionType.RECONCILING, TRUE, ConditionReason.PROGRESSING, message)
    return None


def _scheduled(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Condition:
    kind, pause, due = ConditionType.SCHEDULED, pause_of(plan, state), next_due(plan, state, now)
    if pause is not None:
        return Condition(
            kind, FALSE, plan.stall_reason or pause, partial(_pause_message, pause, state.consecutive_failures)
        )
    ahead = Upcoming(due, due) if due is not None else upcoming(plan, replace(state, used_up=None), now)
    if state.used_up is not None and ahead.run is not None:  # else nothing would run with a budget either
        return Condition(kind, FALSE, Reason.BUDGET_EXHAUSTED, partial(getattr, state.used_up, "message"))
    if state.is_outside or ahead.is_outside:
        return Condition(kind, FALSE, ConditionReason.OUTSIDE_WINDOW, partial(_outside_message, plan, due))
    if due is None:
        return Condition(kind, FALSE, ConditionReason.ENDED, partial(_ended_message, plan))
    message = partial(_scheduled_message, None if state.active else immediate_slot(plan, state))
    return Condition(kind, TRUE, ConditionReason.SCHEDULED, message)


def _scheduled_message(slot: First | SecretsFound | None) -> str:
    match slot:
        case First(generation):
            what = f"the first run of generation {generation}"
        case SecretsFound():
            what = "a run with the Secrets that were missing"
        case None:
            what = "the next run"
    return f"{what} is due at status.nextScheduleTime"


def _pause_message(pause: Pause, failures: int) -> str:
    match pause:
        case Pause.INVALID_SPEC:
            return "the spec is refused: see the condition Stalled"
        case Pause.INTERNAL_ERROR:
            return "the schedule can not be evaluated: see the condition Stalled"
        case Pause.SUSPENDED:
            return "spec.suspend is true"
        case Pause.SUSPENDED_BY_FAILURES:
            return (
                f"{failures} runs failed in a row (spec.suspendAfterFailures): "
                "change the spec, or request a run that succeeds"
            )


def _outside_message(plan: SchedulePlan, due: datetime | None) -> str:
    if due is None:
        return (
            f"no due time of the next {YEARS_AHEAD} years is inside spec.windows: widen them, or change the due times"
        )
    zone = plan.windows.zone
    return f"the due times before {due.astimezone(zone):%a %Y-%m-%d %H:%M} {zone.key} are outside spec.windows"


def _ended_message(plan: SchedulePlan) -> str:
    if plan.start_time is not None and plan.start_time > LAST:
        return "no due time lies ahead: spec.startTime is too far ahead"
    return "no due time lies ahead" + (": spec.endTime has passed" if plan.end_time is not None else "")


def _findings(plan: SchedulePlan) -> str:
    """Join as many findings as can be shown."""
    text = ""
    for finding in plan.findings:
        text = f"{text}; {finding}" if text else str(finding)
        if len(text) > MESSAGE_MAX_BYTES:
            break
    return text


def _last_run(run: RunSummary | None) -> Condition:
    kind = ConditionType.LAST_RUN_SUCCEEDED
    if run is None:
        return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "no run has ended yet")
    return Condition(kind, TRUE if run.status.is_good else FALSE, run.reason, partial(run_message, run))


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
    """Return DataHealthy. A target without data because it failed says nothing about data."""
    kind, breached = ConditionType.DATA_HEALTHY, next((target for target in targets if is_breached(target)), None)
    if breached is not None:
        reason = breached.reason if breached.reason in BREACHES else Reason.EXPECTATION_FAILED
        return Condition(kind, FALSE, reason, partial(_breach_message, breached))
    if any(target.status.is_good for target in targets):
        return Condition(kind, TRUE, Reason.SUCCEEDED, lambda: "every expectation is met")
    return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "no data has arrived yet")


def _breach_message(target: TargetHealth) -> str:
    return f"target {target.name}: {target.breach or target.message}"
