"""Plans, states and runs for the tests of reporting, with names for what a test cares about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from scrape_operator.core.runs.items import Item, ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState

NOW = datetime(2026, 11, 24, 10, 0, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 24, 10, 0, 13, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)
NOTHING = ItemCounts()


def plan(uid: str = "uid-1", **changes: Any) -> SchedulePlan:
    offset = timedelta(seconds=13, milliseconds=700)
    facts: dict[str, Any] = {
        "key": ObjectKey(uid, "default", "quotes"),
        "generation": 3,
        "created_at": NOW - timedelta(days=1),
        "schedule_text": "every 5m",
        "due_times": IntervalDueTimes(FIVE_MINUTES, offset),
        "offset": offset,
        "target_names": ("a", "b", "c"),
        "policy": "shop",
    }
    return SchedulePlan(**{**facts, **changes})


def claim(number: int = 1, uid: str = "uid-1", **changes: Any) -> RunClaim:
    facts: dict[str, Any] = {
        "id": UUID(int=number),
        "schedule_uid": uid,
        "namespace": "default",
        "name": "quotes",
        "generation": 3,
        "slot": Due(DUE),
        "scheduled_for": DUE,
        "started_at": DUE,
        "owner": "me",
        "lease_expires_at": DUE + FIVE_MINUTES,
    }
    return RunClaim(**{**facts, **changes})


def good(name: str, items: int = 0, **changes: Any) -> TargetResult:
    return TargetResult(name, RunStatus.SUCCEEDED, Reason.SUCCEEDED, items=_items(items), **changes)


def failed(name: str, reason: Reason = Reason.HTTP_STATUS, message: str = "500 from the site") -> TargetResult:
    return TargetResult(name, RunStatus.FAILED, reason, message)


def breached(name: str, reason: Reason = Reason.EXPECTATION_FAILED) -> TargetResult:
    return TargetResult(name, RunStatus.PARTIALLY_SUCCEEDED, reason, "too few items", breach="0 items, minItems is 10")


def result(
    status: RunStatus = RunStatus.SUCCEEDED,
    reason: Reason = Reason.SUCCEEDED,
    message: str = "",
    targets: Sequence[TargetResult] = (),
    seconds: float = 1.2,
    **changes: Any,
) -> RunResult:
    return RunResult(claim(**changes), status, reason, message, DUE + timedelta(seconds=seconds), targets)


def fine(number: int = 1) -> RunResult:
    return result(targets=[good("a"), good("b"), good("c")], number=number)


def broken(number: int = 1, reason: Reason = Reason.HTTP_STATUS) -> RunResult:
    targets = [good("a"), failed("b", reason), good("c")]
    return result(RunStatus.FAILED, reason, "target b: 500 from the site", targets, number=number)


def canceled(
    number: int = 1, reason: Reason = Reason.REPLACED, message: str = "a newer run took its place"
) -> RunResult:
    return result(RunStatus.CANCELED, reason, message, number=number)


def state(*results: RunResult, counts: ItemCounts = NOTHING, **facts: Any) -> ScheduleState:
    """The state after these runs, the oldest first."""
    made = ScheduleState(**facts)
    for one in results:
        made.record_finish(one, counts)
    return made


def _items(count: int) -> list[Item]:
    return [Item.of({"n": n}) for n in range(count)]
