"""A Secret that comes, comes with the wrong key, or comes and goes: its schedule need not wait for its due time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetHealth
from scrape_operator.core.schedule.immediate import IMMEDIATE_RUN_PACE
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.scheduling.missing_secrets import LOOK_SECONDS, MAX_LOOKS, MissingSecrets
from scrape_operator.scheduling.scheduler import RETRY_AFTER
from tests.scheduling.harness import Harness, schedule
from tests.support.fakes import RUN_ID

MONTH = 2_592_000
ABSENT = "Secret default/shop does not exist: create it, or change its name in the spec"
WRONG_KEY = "Secret default/shop has no key token: add it, or correct the reference"
FOUND = f"secrets:{RUN_ID}"


class Checks:
    """A SecretCheck that answers as a test says, and remembers for which targets it was asked."""

    def __init__(self) -> None:
        self.problem: str | None = ABSENT
        self.defects: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.on_asked: Callable[[], None] = lambda: None

    async def find_problem(self, plan: SchedulePlan, target: str) -> str | None:
        self.asked.append((plan.key.name, target))
        self.on_asked()
        if plan.key.name in self.defects:
            raise RuntimeError
        return self.problem


class Looking:
    """A scheduler whose schedules miss a Secret, and what looks for it."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.checks = Checks()
        self.secrets = MissingSecrets(harness.registry, harness.scheduler, self.checks, harness)

    def add(self, name: str = "quotes", **spec: Any) -> None:
        """Apply a monthly schedule whose first run ends without its Secret."""
        facts: dict[str, Any] = {"every": MONTH, "has_secrets": True, "target_names": ("main",), **spec}
        self.harness.scheduler.applied(schedule(name, **facts))
        self.miss(name)

    def miss(self, name: str = "quotes", status: RunStatus = RunStatus.FAILED, targets: int = 1) -> None:
        names = ("main", "second", "third")[:targets]
        missing = TargetHealth("", RunStatus.FAILED, Reason.SECRET_NOT_FOUND, ABSENT)
        self.harness.state(name).targets = tuple(replace(missing, name=target) for target in names)
        self.harness.end(name, status)

    async def look(self, seconds: float = LOOK_SECONDS) -> None:
        self.harness.tick(seconds)
        await self.secrets.look()


@pytest.fixture
def looking(harness: Harness) -> Looking:
    return Looking(harness)


async def test_a_secret_that_comes_is_a_run_at_once(looking: Looking) -> None:
    looking.add()
    await looking.look()
    assert looking.harness.slots == ["generation:1"]
    looking.checks.problem = None
    await looking.look()
    assert looking.harness.slots == ["generation:1", FOUND]
    assert looking.harness.recorder.launched[-1][1].scheduled_for == looking.harness.clock.now()


async def test_a_secret_that_comes_with_the_wrong_key_is_no_run_and_the_status_names_the_key(looking: Looking) -> None:
    looking.add()
    looking.checks.problem = WRONG_KEY
    looking.harness.recorder.status_changes.clear()
    await looking.look()
    assert looking.harness.slots == ["generation:1"]
    assert looking.harness.state().targets[0].message == WRONG_KEY
    assert looking.harness.recorder.status_changes == ["quotes"]
    await looking.look()
    assert looking.harness.recorder.status_changes == ["quotes"]
    looking.checks.problem = None
    await looking.look()
    assert looking.harness.slots == ["generation:1", FOUND]


async def test_a_secret_that_comes_and_goes_is_a_run_at_a_bounded_pace(looking: Looking) -> None:
    looking.add()
    looking.checks.problem = None
    begin = looking.harness.clock.now()
    while looking.harness.clock.now() < begin + 10 * IMMEDIATE_RUN_PACE:
        if looking.harness.state().active:
            looking.miss()
        await looking.look(1)
    _first, *begun = [start.scheduled_for for _name, start in looking.harness.recorder.launched]
    assert len(begun) in {10, 11}
    assert all(later - one >= IMMEDIATE_RUN_PACE for one, later in pairwise(begun))


async def test_while_the_pace_holds_a_run_back_the_status_says_when_it_comes(looking: Looking) -> None:
    looking.add()
    looking.checks.problem = None
    await looking.look()
    looking.miss()
    looking.harness.recorder.status_changes.clear()
    await looking.look(1)
    begun = looking.harness.recorder.launched[-1][1].scheduled_for
    assert looking.harness.state().next_due == begun + IMMEDIATE_RUN_PACE
    assert looking.harness.recorder.status_changes == ["quotes"]
    asked = len(looking.checks.asked)
    await looking.look(1)
    assert len(looking.checks.asked) == asked
    looking.harness.tick(IMMEDIATE_RUN_PACE.total_seconds())
    assert looking.harness.slots == ["generation:1", FOUND, FOUND]


async def test_a_target_of_several_that_can_be_read_is_enough(looking: Looking) -> None:
    looking.add(target_names=("main", "second", "gone"))
    looking.miss(status=RunStatus.PARTIALLY_SUCCEEDED, targets=3)
    await looking.look()
    assert looking.checks.asked == [("quotes", "main"), ("quotes", "second")]
    looking.checks.problem = None
    await looking.look()
    assert looking.checks.asked[2:] == [("quotes", "main")]
    assert looking.harness.slots[1:] == [FOUND]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"first_run_at_once": False}, id="cron"),
        pytest.param({"suspend": True}, id="suspended"),
        pytest.param({"suspend_after_failures": 1}, id="failed too often"),
        pytest.param({"has_secrets": False}, id="without Secrets"),
        pytest.param({"target_names": ("other",)}, id="another target"),
    ],
)
async def test_what_waits_for_something_else_is_not_looked_at(looking: Looking, spec: Mapping[str, Any]) -> None:
    looking.add(**spec)
    looking.checks.problem = None
    await looking.look()
    assert looking.checks.asked == []
    assert looking.harness.state().secrets_found is None


async def test_a_schedule_of_another_replica_or_with_a_run_is_not_looked_at(looking: Looking) -> None:
    looking.add("elsewhere")
    looking.harness.foreign.add("uid-elsewhere")
    looking.add("running")
    looking.harness.scheduler.applied(
        schedule("running", token="now", every=MONTH, has_secrets=True, target_names=("main",))
    )
    assert looking.harness.state("running").active
    await looking.look()
    assert looking.checks.asked == []


async def test_a_run_that_began_meanwhile_needs_no_second_one(looking: Looking) -> None:
    looking.add()

    def begin_run() -> None:
        looking.harness.scheduler.applied(schedule(token="now", every=MONTH, has_secrets=True, target_names=("main",)))

    looking.checks.problem, looking.checks.on_asked = None, begin_run
    await looking.look()
    assert looking.harness.slots == ["generation:1", "manual:now"]
    assert looking.harness.state().secrets_found is None


async def test_many_take_turns_and_a_defect_stops_nothing(looking: Looking) -> None:
    names = [f"quotes-{number}" for number in range(2 * MAX_LOOKS + 20)]
    for name in names:
        looking.add(name)
    looking.checks.defects = {names[3]}
    for count in (1, 2, 3):
        await looking.look()
        assert len(looking.checks.asked) == count * MAX_LOOKS
    assert {name for name, _target in looking.checks.asked} == set(names)


async def test_a_run_that_could_not_be_claimed_is_tried_again(looking: Looking) -> None:
    looking.add()
    looking.checks.problem = None
    await looking.look()
    looking.harness.state().active.clear()
    looking.harness.scheduler.ended("uid-quotes", looking.harness.recorder.launched[-1][1])
    looking.harness.tick(RETRY_AFTER.total_seconds())
    assert looking.harness.slots == ["generation:1", FOUND, FOUND]


async def test_a_restart_does_not_forget_what_is_missing(looking: Looking) -> None:
    looking.add()
    again = Looking(Harness())
    again.harness.registry.add_states({"uid-quotes": looking.harness.state()})
    again.harness.scheduler.applied(schedule(every=MONTH, has_secrets=True, target_names=("main",)))
    again.checks.problem = None
    await again.look()
    assert again.harness.slots == [FOUND]
