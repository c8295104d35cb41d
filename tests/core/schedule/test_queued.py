"""What becomes of a slot that waits for the previous run to end."""

from typing import Any

import pytest

from scrape_operator.core.findings import Finding
from scrape_operator.core.net.day_budgets import DayLimit, Unit, UsedUp
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.slot import Due, Manual, Slot
from scrape_operator.core.schedule.decision import NOTHING, Decision, Skip, Start, Wait, decide_queued
from scrape_operator.core.schedule.state import QueuedRun, ScheduleState
from tests.support.schedule_plans import NOON, active, at, plan, ran, windows

DUE, MANUAL = Due(NOON), Manual("now!")
USED_UP = UsedUp(DayLimit("shop", "ScrapePolicy shop", Unit.REQUESTS, 10), at(hours=12))


def waiting(slot: Slot, **facts: Any) -> ScheduleState:
    state = ran(**facts)
    state.enqueue(QueuedRun(slot, NOON, 2))
    return state


def reason_of(decision: Decision) -> Reason | None:
    return decision.reason if isinstance(decision, Skip) else None


@pytest.mark.parametrize("slot", [DUE, MANUAL], ids=["due", "manual"])
def test_it_starts_when_no_run_is_active(slot: Slot) -> None:
    assert decide_queued(plan(), waiting(slot), at(seconds=1)) == Start(slot, NOON, 2)
    assert isinstance(decide_queued(plan(), active(waiting(slot)), at(seconds=1)), Wait)
    assert decide_queued(plan(), ran(), at(seconds=1)) is NOTHING


@pytest.mark.parametrize(
    ("facts", "seconds", "due", "manual"),
    [
        ({"suspend": True}, 1, Reason.CANCELED, None),
        ({"findings": (Finding("spec", "wrong"),)}, 1, Reason.CANCELED, Reason.CANCELED),
        ({"starting_deadline": at(seconds=5) - NOON}, 5, None, None),
        ({"starting_deadline": at(seconds=5) - NOON}, 6, Reason.MISSED_DEADLINE, None),
        ({"windows": windows(("Deny", "11:00", "13:00"))}, 1, Reason.SKIPPED_WINDOW, None),
    ],
    ids=["suspended", "stalled", "at its deadline", "after its deadline", "outside"],
)
def test_only_what_stops_every_run_stops_a_manual_one(
    facts: dict[str, Any], seconds: int, due: Reason | None, manual: Reason | None
) -> None:
    for slot, reason in ((DUE, due), (MANUAL, manual)):
        assert reason_of(decide_queued(plan(**facts), waiting(slot), at(seconds=seconds))) is reason


@pytest.mark.parametrize("slot", [DUE, MANUAL], ids=["due", "manual"])
def test_a_budget_of_a_day_stops_both_until_it_counts_anew(slot: Slot) -> None:
    long = plan(starting_deadline=at(days=2) - NOON)
    for now, reason in ((at(hours=11), Reason.BUDGET_EXHAUSTED), (at(hours=12), None)):
        decision = decide_queued(long, waiting(slot, used_up=USED_UP), now)
        assert reason_of(decision) is reason
    skip = decide_queued(long, waiting(slot, used_up=USED_UP), at(hours=11))
    assert isinstance(skip, Skip)
    assert skip.message == USED_UP.message
