"""A run whose lease nobody renews is orphaned, whatever the wall clocks say."""

from datetime import timedelta
from uuid import UUID

import pytest

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.running.leases import LeaseKeeper
from tests.running.conftest import Harness, make_plan, settle
from tests.running.test_pool import start

TERM = 15.0
THEIRS = UUID(int=1)
KEY = ObjectKey("other", "default", "other")

Told = list[tuple[ObjectKey, RunSummary]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def keeper(harness: Harness, told: Told) -> LeaseKeeper:
    return LeaseKeeper(
        harness.pool,
        harness.store,
        harness.clock,
        owner="replica-1",
        lease=timedelta(seconds=TERM),
        on_orphan=lambda key, summary: told.append((key, summary)),
    )


def orphan(harness: Harness, run_id: UUID = THEIRS) -> tuple[ObjectKey, RunSummary]:
    """Let the store have a run whose lease stays as it is."""
    now = harness.clock.now()
    summary = RunSummary(run_id, Trigger.SCHEDULED, 1, now, RunStatus.FAILED, Reason.ORPHANED, "nobody", now, now)
    harness.store.orphans.append((KEY, summary))
    return KEY, summary


@pytest.mark.parametrize("jump", [0.0, 3600.0, -3600.0])
async def test_an_orphan_is_ended_after_the_term_wherever_the_clock_is_set(
    harness: Harness, keeper: LeaseKeeper, told: Told, jump: float
) -> None:
    expected = orphan(harness)
    await keeper.beat()
    harness.clock.jump(jump)
    harness.clock.advance(TERM)
    await keeper.beat()
    assert told == []
    harness.clock.advance(1)
    await keeper.beat()
    assert told == [expected]


async def test_a_lease_that_is_renewed_lives_on(harness: Harness, keeper: LeaseKeeper, told: Told) -> None:
    for _ in range(5):
        harness.store.orphans.clear()
        orphan(harness)  # with another time: its owner renewed it
        await keeper.beat()
        harness.clock.advance(TERM - 1)
    assert told == []


async def test_runs_of_ones_own_are_renewed_and_never_reaped(harness: Harness, keeper: LeaseKeeper, told: Told) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    [ours] = harness.pool.claimed_runs()
    orphan(harness, ours)
    for _ in range(3):
        await keeper.beat()
        harness.clock.advance(TERM + 1)
    assert harness.store.renewed == [ours] * 3
    assert told == []
    harness.targets.end()
    await settle()


async def test_nobody_is_reaped_before_ones_own_are_renewed(harness: Harness, keeper: LeaseKeeper, told: Told) -> None:
    harness.pool.launch(make_plan(), harness.state, start(harness))
    await settle()
    orphan(harness)
    await keeper.beat()
    harness.clock.advance(TERM + 1)
    harness.store.away = True
    with pytest.raises(StoreUnavailable):
        await keeper.beat()
    assert told == []
    harness.store.away = False
    await keeper.beat()
    assert len(told) == 1
    harness.targets.end()
    await settle()
