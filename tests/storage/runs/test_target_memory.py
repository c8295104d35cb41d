"""What targets leave for their next run, on both databases."""

from datetime import timedelta
from typing import Any

from scrape_operator.core.net.documents import Validators
from scrape_operator.core.runs.baseline import BASELINE_RUNS, GoodRun
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import DataPolicy, RunStatus, StoredSpec
from scrape_operator.core.runs.target_memory import FORGOTTEN, NO_MEMORY, Revalidation, TargetMemory
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import items, validators
from tests.storage.values import claim_of, items_of, minute, result_of, rows_of, target_of

KNOWN = Revalidation("fp", Validators("https://a.example/", 'W/"1"', "Wed, 25 Nov 2026 12:00:00 GMT"), "hash")


async def run(store: SQLRunStore, number: int, *, generation: int = 1, **target: Any) -> None:
    claim = claim_of(number, generation=generation)
    target = {"fingerprint": "first", **target}
    await store.claim(claim)
    await store.finish(result_of(claim, target_of(items_of(**target.pop("texts", {"a": "1"})), **target)))


async def memory(store: SQLRunStore, fingerprint: str = "first") -> TargetMemory:
    return await store.load_target_memory("uid-1", "quotes", fingerprint)


async def test_nothing_is_known_at_first(store: SQLRunStore) -> None:
    assert await memory(store) == NO_MEMORY


async def test_the_last_good_runs_with_the_same_settings_are_usual(store: SQLRunStore) -> None:
    for number in range(BASELINE_RUNS + 2):
        await run(
            store, number, generation=number, texts={str(count): "x" for count in range(number)}, found={"text": number}
        )
    await run(store, 20, status=RunStatus.PARTIALLY_SUCCEEDED, reason=Reason.EXPECTATION_FAILED)
    await run(store, 21, status=RunStatus.FAILED, reason=Reason.TIMEOUT)
    await run(store, 22, reason=Reason.NOT_MODIFIED, texts={})
    await run(store, 23, name="other")
    await run(store, 24, fingerprint="second")
    known = await memory(store)
    assert known.baseline.runs == tuple(GoodRun(count, {"text": count}) for count in range(11, 1, -1))
    assert (await memory(store, fingerprint="second")).baseline.runs == (GoodRun(1, {}),)


async def test_validators_are_those_of_the_last_run_that_brought_some(store: SQLRunStore) -> None:
    await run(store, 1, revalidation=KNOWN)
    await run(store, 2)
    assert (await memory(store)).revalidation == KNOWN
    changed = Revalidation("fp2", None, "hash2")
    await run(store, 3, revalidation=changed)
    assert (await memory(store)).revalidation == changed
    await run(store, 4, revalidation=FORGOTTEN)
    assert (await memory(store)).revalidation == FORGOTTEN


async def test_items_of_an_unmodified_target_are_seen_and_stay_as_they_are(store: SQLRunStore) -> None:
    await run(store, 1, texts={"a": "1", "b": "2"})
    await run(store, 2, name="other")
    before = await rows_of(store, items)
    await run(store, 3, reason=Reason.NOT_MODIFIED, texts={})
    after = await rows_of(store, items)
    seen = minute(3) + timedelta(seconds=6)
    assert after == [{**row, "last_seen_at": seen} if row["target"] == "quotes" else row for row in before]
    await run(store, 4, texts={"a": "1", "b": "3"})
    assert [row["data"]["text"] for row in await rows_of(store, items) if row["target"] == "quotes"] == ["1", "3"]


async def test_validators_of_a_deleted_schedule_go(store: SQLRunStore) -> None:
    claim = claim_of(1, spec=StoredSpec(None, DataPolicy.DELETE, timedelta(hours=1)))
    await store.claim(claim)
    await store.finish(result_of(claim, target_of(revalidation=KNOWN)))
    await store.mark_deleted(["uid-1"], minute(2))
    await store.prune_deleted(minute(10))
    assert await rows_of(store, validators) == []
