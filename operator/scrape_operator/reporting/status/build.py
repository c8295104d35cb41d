"""Builds the status of a schedule, in the shape of the API model. Pure: called at the moment of sending."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from scrape_operator.api.kinds import status as api
from scrape_operator.core.runs.run import MESSAGE_MAX_BYTES, TargetHealth, clip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import HISTORY_LENGTH, ScheduleState
from scrape_operator.core.times import rfc3339
from scrape_operator.reporting.status.condition_types import Condition
from scrape_operator.reporting.status.conditions import (
    evaluate_conditions,
    is_failing,
    is_healthy,
    known_targets,
    next_due,
)
from scrape_operator.reporting.status.lines import history_line, next_text, reason_text, schedule_cell

STATUS_MAX_BYTES = 8 * 1024 - 1
FAILING_MAX = 10
ACTIVE_MAX = 10
NAME_MAX_BYTES = 253
TARGET_MAX_BYTES = 63

# Messages are shortened first, then failing targets are left out, until the whole is small enough; the first line
# nearly always is. (bytes of a condition's message, bytes of a target's message, failing targets, lines of history,
# bytes of a name)
_LIMITS = (
    (MESSAGE_MAX_BYTES, 160, FAILING_MAX, HISTORY_LENGTH, NAME_MAX_BYTES),
    (240, 80, FAILING_MAX, HISTORY_LENGTH, NAME_MAX_BYTES),
    (100, 40, 5, HISTORY_LENGTH, NAME_MAX_BYTES),
    (24, 8, 1, 1, 64),
)

_FIELD_NAMES = tuple(str(field.alias) for field in api.ScrapeScheduleStatus.model_fields.values())

TransitionTimes = Mapping[str, tuple[str, str]]
"""Condition type -> (status, lastTransitionTime) of the status that was written or read last."""


def build_status(
    plan: SchedulePlan, state: ScheduleState, *, now: datetime, owner: str, since: TransitionTimes | None = None
) -> dict[str, object]:
    """Return the status without nulls, less than 8 KiB of JSON whatever the texts in it.

    `since` are the transition times of the conditions that the object carries now.
    """
    conditions, status = evaluate_conditions(plan, state, now), dict[str, object]()
    for message_bytes, target_bytes, failing, lines, name_bytes in _LIMITS:
        model = api.ScrapeScheduleStatus(
            observed_generation=plan.generation,
            conditions=tuple(_condition(plan, one, since or {}, now, message_bytes) for one in conditions),
            targets=_targets(plan, state, target_bytes, failing),
            reason=reason_text(conditions),
            history=tuple(history_line(run) for run in list(state.history)[:lines]),
            **_facts(plan, state, now, bounded(owner, name_bytes)),
            schedule=bounded(schedule_cell(plan.schedule_text), name_bytes),
            policy=None if plan.policy is None else bounded(plan.policy, name_bytes),
        )
        status = model.model_dump(mode="json", by_alias=True, exclude_none=True)
        if json_bytes(status) <= STATUS_MAX_BYTES:
            break
    return status


def merge_patch(status: Mapping[str, object]) -> dict[str, object]:
    """Return a JSON merge patch (RFC 7396) that turns any status into this one: an absent field becomes null.

    The patch has all fields, so that it corrects what others wrote and needs no copy of the last status.
    """
    return {**dict.fromkeys(_FIELD_NAMES), **status}


def bounded(text: str, limit: int) -> str:
    """Return what `clip` does, without reading more of a long text than can be shown."""
    return clip(text[: limit + 1], limit)


def json_bytes(value: object) -> int:
    r"""Return the size of a value as JSON in the longest form that anybody writes.

    Python escapes all but ASCII and sets blanks. Go, in which the API server is written, escapes < > & as \u003c etc.
    """
    text = json.dumps(value)
    return len(text) + 5 * sum(text.count(mark) for mark in "<>&")


def _condition(
    plan: SchedulePlan, condition: Condition, since: TransitionTimes, now: datetime, limit: int
) -> api.Condition:
    status, changed_at = since.get(condition.type, ("", ""))
    return api.Condition(
        type=str(condition.type),
        status=condition.status,
        reason=str(condition.reason),
        message=bounded(condition.message, limit),
        observed_generation=plan.generation,
        last_transition_time=changed_at if status == condition.status else rfc3339(now),
    )


def _facts(plan: SchedulePlan, state: ScheduleState, now: datetime, owner: str) -> dict[str, object]:
    due, counts = next_due(plan, state, now), state.items
    return {
        "next": next_text(due, now),
        "next_schedule_time": _time(due),
        "last_schedule_time": _time(state.last_schedule_time),
        "last_successful_time": _time(state.last_successful_time),
        "last_failure_time": _time(state.last_failure_time),
        "last_change_time": _time(state.last_change_time),
        "last_handled_request": state.last_handled_request,
        "offset_seconds": plan.offset // timedelta(seconds=1),
        "owner": owner,
        "active": tuple(_active(state)),
        "counters": api.Counters(
            runs=state.runs,
            consecutive_failures=state.consecutive_failures,
            missed=state.missed,
            skipped=state.skipped,
        ),
        "items": api.ItemCounts(total=counts.total, new=counts.new, changed=counts.changed, gone=counts.gone),
        "status_time": rfc3339(now),
    }


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _active(state: ScheduleState) -> Sequence[api.ActiveRun]:
    shown = [
        api.ActiveRun(run_id=str(run.run_id), trigger=str(run.trigger), started_at=_time(run.started_at))
        for run in list(state.active.values())[:ACTIVE_MAX]
    ]
    if state.queued is not None:  # it waits for the run before it, and has no id yet
        shown.append(api.ActiveRun(trigger=str(state.queued.trigger)))
    return shown


def _targets(plan: SchedulePlan, state: ScheduleState, limit: int, failing_max: int) -> api.TargetsStatus:
    known = known_targets(plan, state)
    total = len(plan.target_names) or len(known)
    healthy = sum(map(is_healthy, known))
    # Worst first: what has failed longest.
    failing = sorted(filter(is_failing, known), key=lambda t: math.inf if t.since is None else t.since.timestamp())
    return api.TargetsStatus(
        total=total,
        healthy=healthy,
        summary=f"{healthy}/{total}",
        failing=tuple(_failing(target, limit) for target in failing[:failing_max]),
    )


def _failing(target: TargetHealth, limit: int) -> api.FailingTarget:
    return api.FailingTarget(
        name=bounded(target.name, TARGET_MAX_BYTES),
        reason=str(target.reason),
        message=bounded(target.message, limit),
        since=_time(target.since),
    )
