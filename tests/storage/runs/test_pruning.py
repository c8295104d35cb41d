"""History is kept within its limits, and memory is kept in any case."""

from datetime import datetime
from typing import Any

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.slot import Manual
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import scrape_runs, scrape_target_runs
from tests.storage.values import claim_of, failed_of, items_of, minute, result_of, rows_of, skip_of, target_of

LONG_AGO = minute(-1_000_000)


async def run(store: SQLRunStore, number: float, *, good: bool = True, **others: Any) -> None:
    claim = claim_of(number, **others)
    await store.claim(claim)
    await store.finish(result_of(claim, target_of(items_of(a="1"))) if good else failed_of(claim, target_of()))


async def kept(store: SQLRunStore) -> list[object]:
    """Return the minutes whose rows are left, in order."""
    return sorted((row["scheduled_for"] - minute(0)).total_seconds() / 60 for row in await rows_of(store, scrape_runs))


async def test_good_and_failed_runs_have_limits_of_their_own(store: SQLRunStore) -> None:
    for number in range(6):
        await run(store, number)
    for number in range(6, 12):
        await run(store, number, good=False)
    assert await store.prune("uid-1", successful=2, failed=3, older_than=LONG_AGO) == 7
    assert await kept(store) == [4, 5, 9, 10, 11]


async def test_targets_go_with_their_runs(store: SQLRunStore) -> None:
    for number in range(3):
        await run(store, number)
    await store.prune("uid-1", successful=1, failed=1, older_than=LONG_AGO)
    [target] = await rows_of(store, scrape_target_runs)
    [row] = await rows_of(store, scrape_runs)
    assert target["run_id"] == row["id"]


async def test_what_ended_too_long_ago_is_deleted(store: SQLRunStore) -> None:
    for number in range(5):
        await run(store, number)
    assert await store.prune("uid-1", successful=100, failed=100, older_than=minute(3)) == 3
    assert await kept(store) == [3, 4]


async def test_skips_are_limited_beside_failures(store: SQLRunStore) -> None:
    for number in range(5):
        await store.skip(skip_of(number))
    await run(store, 5, good=False)
    await store.prune("uid-1", successful=1, failed=2, older_than=LONG_AGO)
    assert await kept(store) == [3, 4, 5]


@pytest.mark.parametrize(
    "older_than", [pytest.param(LONG_AGO, id="limits of zero"), pytest.param(minute(1000), id="all too old")]
)
async def test_the_newest_row_of_each_trigger_and_the_newest_run_stay(store: SQLRunStore, older_than: datetime) -> None:
    await run(store, 0)
    await run(store, 1)
    await run(store, 2, slot=Manual("token"), good=False)
    await store.skip(skip_of(3, reason=Reason.SKIPPED_WINDOW))
    await run(store, 4, good=False)
    await store.prune("uid-1", successful=0, failed=0, older_than=older_than)
    assert await kept(store) == [2, 4]
    state = (await store.load_states())["uid-1"]
    assert (state.last_slot, state.last_handled_request) == (minute(4), "token")
    assert not await store.claim(claim_of(4))


async def test_what_is_running_stays(store: SQLRunStore) -> None:
    await store.claim(claim_of(0))
    await run(store, 1)
    assert await store.prune("uid-1", successful=0, failed=0, older_than=minute(100)) == 0
    assert await kept(store) == [0, 1]


async def test_other_schedules_are_left_alone(store: SQLRunStore) -> None:
    for number in range(3):
        await run(store, number, uid="uid-2")
    assert await store.prune("uid-1", successful=0, failed=0, older_than=minute(100)) == 0
    assert await kept(store) == [0, 1, 2]
