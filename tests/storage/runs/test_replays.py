"""A replay is a run with items and changes, and says nothing of how its schedule does."""

from scrape_operator.core.ids import uuid7
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, Trigger
from scrape_operator.core.runs.slot import Replay
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import scrape_runs
from tests.storage.values import claim_of, items_of, minute, result_of, rows_of, target_of


async def run(store: SQLRunStore, number: float, text: str, status: RunStatus = RunStatus.SUCCEEDED) -> RunClaim:
    claim = claim_of(number)
    await store.claim(claim)
    is_failed = status is RunStatus.FAILED
    reason = Reason.TIMEOUT if is_failed else Reason.SUCCEEDED
    items = [] if is_failed else items_of(a=text)
    target = target_of(items, status=status, reason=reason, found={"text": 100})
    await store.finish(result_of(claim, target, status=status, reason=reason))
    return claim


def replay_of(source: RunClaim, text: str, later: float) -> RunResult:
    run_id = uuid7(minute(later))
    claim = claim_of(
        id=run_id,
        slot=Replay(source.id, run_id),
        scheduled_for=source.scheduled_for,
        started_at=minute(later),
        generation=2,
    )
    return result_of(claim, target_of(items_of(a=text, b=text), found={"text": 50}, fingerprint="replayed"))


async def test_items_and_changes_are_stored_and_the_state_is_not_touched(store: SQLRunStore) -> None:
    source = await run(store, 0, "old")
    await run(store, 1, "", RunStatus.FAILED)
    before = await store.load_state("uid-1")
    counts = await store.store_replay(replay_of(source, "new", 5))
    after = await store.load_state("uid-1")
    assert before is not None
    assert after is not None
    assert counts is not None
    assert (counts.total, counts.new, counts.changed) == (2, 1, 1)
    assert (after.items.total, after.last_change_time) == (2, minute(5 + 5 / 60))
    after.items, after.last_change_time = before.items, before.last_change_time
    assert after == before
    assert after.consecutive_failures == 1


async def test_a_repeated_call_gives_the_same_counts_and_one_row(store: SQLRunStore) -> None:
    replay = replay_of(await run(store, 0, "old"), "new", 5)
    counts = [await store.store_replay(replay) for _ in range(2)]
    assert counts[0] == counts[1]
    rows = await rows_of(store, scrape_runs)
    assert [row["trigger"] for row in rows if row["id"] == replay.claim.id] == [Trigger.REPLAY.value]
    assert len(rows) == 2


async def test_one_of_a_schedule_without_a_row_is_not_stored(store: SQLRunStore) -> None:
    assert await store.store_replay(replay_of(claim_of(), "new", 5)) is None


async def test_what_is_usual_comes_from_runs_alone(store: SQLRunStore) -> None:
    source = await run(store, 0, "old")
    await store.store_replay(replay_of(source, "new", 5))
    assert (await store.load_target_memory("uid-1", "quotes", "replayed")).baseline.runs == ()


async def test_pruning_keeps_the_newest_run_beside_a_newer_replay(store: SQLRunStore) -> None:
    source = await run(store, 0, "old")
    replay = replay_of(source, "new", 5)
    await store.store_replay(replay)
    before = await store.load_state("uid-1")
    await store.prune("uid-1", successful=0, failed=0, older_than=minute(100))
    assert {row["id"] for row in await rows_of(store, scrape_runs)} == {source.id, replay.claim.id}
    assert await store.load_state("uid-1") == before
