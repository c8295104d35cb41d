"""The whole status of a schedule, as api.md writes it. Pure: the writer calls it at the moment of sending."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from scrape_operator.core.runs.run import MESSAGE_MAX_BYTES, RunStatus, RunSummary, TargetHealth, clip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import HISTORY_LENGTH, ScheduleState
from scrape_operator.core.times import rfc3339
from scrape_operator.reporting.status.conditions import Condition, is_failing, judge, known_targets, next_due

STATUS_MAX_BYTES = 8 * 1024 - 1
FAILING_MAX = 10
ACTIVE_MAX = 10
NAME_MAX_BYTES = 253
TARGET_MAX_BYTES = 63
TEXT_MAX_BYTES = 255
REQUEST_MAX_BYTES = 128

# Messages first get shorter, then failing targets fewer, until the whole is small enough; the first line
# nearly always does. (bytes of a condition's message, bytes of a target's message, failing targets)
_LIMITS = ((MESSAGE_MAX_BYTES, 160, FAILING_MAX), (240, 80, FAILING_MAX), (100, 40, 5), (24, 8, 1))

_MAY_BE_ABSENT = (
    "nextScheduleTime",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "lastFailureTime",
    "lastChangeTime",
    "lastHandledRequest",
    "policy",
)
_STATUS_WORDS = {
    RunStatus.SUCCEEDED: "Succeeded",
    RunStatus.PARTIALLY_SUCCEEDED: "PartiallySucceeded",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELED: "Canceled",
    RunStatus.SKIPPED: "Skipped",
    RunStatus.RUNNING: "Running",
}


def build_status(
    plan: SchedulePlan,
    state: ScheduleState,
    *,
    now: datetime,
    owner: str,
    previous: Mapping[str, object] | None,
) -> dict[str, object]:
    """Build the status, without nulls, less than 8 KiB of JSON whatever the texts in it.

    `previous` is the status that was written or read last: of its conditions `type`, `status` and
    `lastTransitionTime` count.
    """
    conditions, since = judge(plan, state, now), transition_times(previous)
    status: dict[str, object] = {}
    for message_bytes, target_bytes, failing in _LIMITS:
        status = {
            "observedGeneration": plan.generation,
            "conditions": [_condition(plan, c, since, now, message_bytes) for c in conditions],
            **_facts(plan, state, now, owner),
            "targets": _targets(plan, state, target_bytes, failing),
            "history": [history_line(run) for run in list(state.history)[:HISTORY_LENGTH]],
            "statusTime": rfc3339(now),
        }
        if json_bytes(status) <= STATUS_MAX_BYTES:
            break
    return status


def merge_patch(status: Mapping[str, object]) -> dict[str, object]:
    """Make a JSON merge patch (RFC 7396) that turns any status into this one: what may be absent is null.

    It is whole on purpose. Leaving out what is unchanged would save the API server a tenth, and would cost
    us the last status of every object in memory, and never mend what somebody else wrote into it.
    """
    return {**dict.fromkeys(_MAY_BE_ABSENT), **status}


def echo(token: str | None) -> str | None:
    """Give the token of a handled request as the status shows it."""
    return None if token is None else bounded(token, REQUEST_MAX_BYTES)


def transition_times(status: Mapping[str, object] | None) -> Mapping[str, tuple[str, str]]:
    """Read condition type -> (status, lastTransitionTime) from a status; what is malformed is left out."""
    conditions = (status or {}).get("conditions")
    if not isinstance(conditions, Sequence) or isinstance(conditions, str):
        return {}
    return {
        str(known["type"]): (str(known["status"]), str(known["lastTransitionTime"]))
        for known in conditions
        if isinstance(known, Mapping) and {"type", "status", "lastTransitionTime"} <= known.keys()
    }


def history_line(run: RunSummary) -> str:
    """Write a run as one line: due time, trigger, outcome, counts, duration, id; the reason where it says more."""
    outcome = _STATUS_WORDS[run.status]
    reason = "" if run.reason == outcome else f" reason={run.reason}"
    seconds = 0.0
    if run.started_at is not None and run.completed_at is not None:
        seconds = max(0.0, (run.completed_at - run.started_at).total_seconds())
    counts = f"items={run.items_scraped} changed={run.counts.changed}"
    return f"{rfc3339(run.scheduled_for)} {run.trigger} {outcome}{reason} {counts} {seconds:.1f}s run={run.id}"


def bounded(text: str, limit: int) -> str:
    """Bound a text as `clip` does, without looking at more of it than can be shown."""
    return clip(text[: limit + 1], limit)


def json_bytes(value: object) -> int:
    r"""Measure a value as JSON in the dearest way in which anybody writes it.

    Python escapes all but ASCII and sets blanks, Go escapes < > & as \u003c and so on; the API server is written in Go.
    """
    text = json.dumps(value)
    return len(text) + 5 * sum(text.count(mark) for mark in "<>&")


def _condition(
    plan: SchedulePlan, condition: Condition, since: Mapping[str, tuple[str, str]], now: datetime, limit: int
) -> dict[str, object]:
    status, changed_at = since.get(condition.type, ("", ""))
    return {
        "type": str(condition.type),
        "status": condition.status,
        "reason": str(condition.reason),
        "message": bounded(condition.message, limit),
        "observedGeneration": plan.generation,
        "lastTransitionTime": changed_at if status == condition.status else rfc3339(now),
    }


def _facts(plan: SchedulePlan, state: ScheduleState, now: datetime, owner: str) -> dict[str, object]:
    counts = state.items
    facts: dict[str, object] = {
        "nextScheduleTime": _time(next_due(plan, state, now)),
        "lastScheduleTime": _time(state.last_schedule_time),
        "lastSuccessfulTime": _time(state.last_successful_time),
        "lastFailureTime": _time(state.last_failure_time),
        "lastChangeTime": _time(state.last_change_time),
        "lastHandledRequest": echo(state.last_handled_request),
        "schedule": bounded(plan.schedule_text, TEXT_MAX_BYTES),
        "offsetSeconds": plan.offset // timedelta(seconds=1),
        "owner": bounded(owner, NAME_MAX_BYTES),
        "policy": None if plan.policy is None else bounded(plan.policy, NAME_MAX_BYTES),
        "active": _active(state),
        "counters": {
            "consecutiveFailures": state.consecutive_failures,
            "missed": state.missed,
            "skipped": state.skipped,
        },
        "items": {"total": counts.total, "new": counts.new, "changed": counts.changed, "gone": counts.gone},
    }
    return {name: value for name, value in facts.items() if value is not None}


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _active(state: ScheduleState) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = []
    for run in list(state.active.values())[:ACTIVE_MAX]:
        line: dict[str, object] = {"runID": str(run.run_id), "trigger": str(run.trigger)}
        if run.started_at is not None:
            line["startedAt"] = rfc3339(run.started_at)
        shown.append(line)
    if state.queued is not None:
        shown.append({"trigger": str(state.queued.trigger)})  # it waits for the run before it, and has no id yet
    return shown


def _targets(plan: SchedulePlan, state: ScheduleState, limit: int, failing_max: int) -> dict[str, object]:
    known = known_targets(plan, state)
    total = len(plan.target_names) or len(known)
    healthy = sum(target.status.is_good for target in known)
    # Worst first: what has failed longest.
    failing = sorted(filter(is_failing, known), key=lambda t: math.inf if t.since is None else t.since.timestamp())
    return {
        "total": total,
        "healthy": healthy,
        "summary": f"{healthy}/{total}",
        "failing": [_failing(target, limit) for target in failing[:failing_max]],
    }


def _failing(target: TargetHealth, limit: int) -> dict[str, object]:
    line: dict[str, object] = {
        "name": bounded(target.name, TARGET_MAX_BYTES),
        "reason": str(target.reason),
        "message": bounded(target.message, limit),
    }
    if target.since is not None:
        line["since"] = rfc3339(target.since)
    return line
