"""A run ends once, with its items, its targets and its verdict, or not at all."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from scrape_operator.core.runs.items import Item, ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.errors import StoreRefused
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import items, schedules, scrape_runs, scrape_target_runs
from tests.storage.values import START, claim_of, failed_of, items_of, minute, reap, result_of, rows_of, target_of


async def run(store: SQLRunStore, number: float, *seen: Item, uid: str = "uid-1") -> ItemCounts | None:
    """Claim the slot of a minute and finish it with one good target."""
    claim = claim_of(number, uid=uid)
    assert await store.claim(claim)
    return await store.finish(result_of(claim, target_of(seen)))


async def test_the_final_row_says_what_happened(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    first = target_of(items_of(a="1", b="2"), requests=2, bytes=100)
    second = target_of(items_of(c="3"), name="other", requests=1, bytes=50)
    result = result_of(claim, first, second, message="all fine")
    assert await store.finish(result) == ItemCounts(total=3, new=3)
    [row] = await rows_of(store, scrape_runs)
    assert (row["status"], row["reason"], row["message"]) == ("SUCCEEDED", "Succeeded", "all fine")
    assert row["completed_at"] == result.completed_at
    assert (row["items_scraped"], row["items_total"], row["items_new"]) == (3, 3, 3)
    assert (row["requests"], row["bytes"]) == (3, 150)


async def test_each_target_has_a_row_in_the_order_of_the_spec(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    good = target_of(
        items_of(a="1"),
        name="z",
        http_status=200,
        duration=0.5,
        pages=2,
        warnings=("price: 3 missing",),
        phases={"scraping": 1.5},
    )
    bad = target_of(
        name="a", status=RunStatus.FAILED, reason=Reason.HTTP_STATUS, message="500", http_status=500, breach="minItems"
    )
    result = result_of(claim, good, bad, status=RunStatus.PARTIALLY_SUCCEEDED, reason=Reason.HTTP_STATUS)
    await store.finish(result)
    rows = sorted(await rows_of(store, scrape_target_runs), key=lambda row: row["position"])
    assert [row["target"] for row in rows] == ["z", "a"]
    assert (rows[0]["http_status"], rows[0]["duration"], rows[0]["pages"], rows[0]["items"]) == (200, 0.5, 2, 1)
    assert rows[0]["warnings"] == ["price: 3 missing"]
    assert rows[0]["phases"] == {"scraping": 1.5}
    assert (rows[1]["status"], rows[1]["reason"], rows[1]["message"]) == ("FAILED", "HTTPStatus", "500")
    assert (rows[1]["breach"], rows[1]["since"]) == ("minItems", result.completed_at)


async def test_items_are_new_then_unchanged_then_changed(store: SQLRunStore) -> None:
    assert await run(store, 0, *items_of(a="1", b="2")) == ItemCounts(total=2, new=2)
    assert await run(store, 1, *items_of(a="1", b="2")) == ItemCounts(total=2)
    assert await run(store, 2, *items_of(a="1", b="3", c="4")) == ItemCounts(total=3, new=1, changed=1)


async def test_an_item_remembers_when_it_was_first_seen_last_seen_and_changed(store: SQLRunStore) -> None:
    for number, text in enumerate(["1", "1", "2", "2"]):
        await run(store, number, *items_of(a=text))
    [row] = await rows_of(store, items)
    ended = [claim_of(number).started_at + timedelta(seconds=5) for number in range(4)]
    assert (row["first_seen_at"], row["changed_at"], row["last_seen_at"]) == (ended[0], ended[2], ended[3])
    assert row["data"] == {"name": "a", "text": "2"}
    assert row["run_id"] == max(run["id"] for run in await rows_of(store, scrape_runs))


async def test_items_that_are_not_seen_stay(store: SQLRunStore) -> None:
    await run(store, 0, *items_of(a="1", b="2"))
    assert await run(store, 1, *items_of(b="2")) == ItemCounts(total=2)


def let_a_go(connection: Connection) -> None:
    connection.execute(items.update().where(items.c.key == '["a"]').values(gone_at=minute(1)))
    connection.execute(schedules.update().values(items_total=schedules.c.items_total - 1))


async def test_an_item_that_was_gone_and_is_back_is_new(store: SQLRunStore) -> None:
    await run(store, 0, *items_of(a="1", b="2"))
    await store._database.write(let_a_go)
    assert await run(store, 2, *items_of(a="1", b="2")) == ItemCounts(total=2, new=1)
    assert all(row["gone_at"] is None for row in await rows_of(store, items))


async def test_of_two_items_with_one_key_the_last_counts(store: SQLRunStore) -> None:
    assert await run(store, 0, *items_of(a="1"), *items_of(a="2")) == ItemCounts(total=1, new=1)
    [row] = await rows_of(store, items)
    assert row["data"]["text"] == "2"


async def test_targets_and_schedules_do_not_share_items(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    twice = result_of(claim, target_of(items_of(a="1")), target_of(items_of(a="1"), name="other"))
    assert await store.finish(twice) == ItemCounts(total=2, new=2)
    assert await run(store, 0, *items_of(a="1"), uid="uid-2") == ItemCounts(total=1, new=1)


async def test_the_items_of_a_failed_target_are_not_written(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    breached = target_of(items_of(a="1"), status=RunStatus.FAILED, reason=Reason.EXPECTATION_FAILED)
    counts = await store.finish(failed_of(claim, breached, target_of(items_of(b="2"), name="other")))
    assert counts == ItemCounts(total=1, new=1)
    [row] = await rows_of(store, items)
    assert row["target"] == "other"


async def test_more_items_than_a_statement_has_parameters_are_stored(store: SQLRunStore) -> None:
    many = [Item.of({"number": number, "text": "x" * 20}, ["number"]) for number in range(12_000)]
    assert await run(store, 0, *many) == ItemCounts(total=12_000, new=12_000)
    again = [
        *many[:11_000],
        *(Item.of({"number": number, "text": "y"}, ["number"]) for number in range(11_000, 12_500)),
    ]
    assert await run(store, 1, *again) == ItemCounts(total=12_500, new=500, changed=1_000)


HOSTILE: dict[str, Any] = {
    "nul": "a\0b",
    "nul\0name": "x",
    "surrogate": "a\ud800b",
    "escaped": "a\\u0000b",
    "quotes": "'\"\\;--",
    "snowman": "☃",
    "deep": ["a\0", {"b\0": "\udfff"}],
    "huge": 2**80,
    "price": 2.9,
    "none": None,
    "yes": True,
}
MENDED = {
    **HOSTILE,
    "nul": "a\ufffdb",
    "nul\ufffdname": "x",
    "surrogate": "a\ufffdb",
    "deep": ["a\ufffd", {"b\ufffd": "\ufffd"}],
}
del MENDED["nul\0name"]


async def test_hostile_data_are_mended_or_kept_as_they_are(store: SQLRunStore) -> None:
    await run(store, 0, Item("key\0", HOSTILE, "hash"))
    [row] = await rows_of(store, items)
    assert row["key"] == "key\ufffd"
    assert row["data"] == MENDED


async def test_a_hostile_key_is_the_same_item_the_next_time(store: SQLRunStore) -> None:
    await run(store, 0, Item("key\0", {"a": 1}, "hash"))
    assert await run(store, 1, Item("key\0", {"a": 1}, "hash")) == ItemCounts(total=1)


async def test_data_nested_as_deep_as_json_allows_are_kept(store: SQLRunStore) -> None:
    nested: Any = "end"
    for _ in range(500):
        nested = [nested]
    await run(store, 0, Item("key", {"nested": nested}, "hash"))
    [row] = await rows_of(store, items)
    assert row["data"] == {"nested": nested}


async def test_a_run_of_another_owner_is_not_finished(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    assert await store.finish(result_of(replace(claim, owner="operator-2"), target_of(items_of(a="1")))) is None
    assert await rows_of(store, items) == []
    [row] = await rows_of(store, scrape_runs)
    assert row["status"] == "RUNNING"


async def test_a_run_that_was_reaped_is_not_finished(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    await reap(store, minute(5))
    assert await store.finish(result_of(claim, target_of(items_of(a="1")))) is None
    assert await store.finish(failed_of(claim)) is None
    assert await rows_of(store, items) == []
    assert await rows_of(store, scrape_target_runs) == []


async def test_a_run_that_nobody_claimed_is_not_finished(store: SQLRunStore) -> None:
    assert await store.finish(result_of(claim_of(), target_of(items_of(a="1")))) is None
    assert await rows_of(store, items) == []


async def test_a_finish_that_is_asked_again_gives_the_same_answer_and_counts_once(store: SQLRunStore) -> None:
    await run(store, 0, *items_of(a="1"))
    claim = claim_of(1)
    await store.claim(claim)
    result = result_of(claim, target_of(items_of(a="2", b="1")))
    counts = ItemCounts(total=2, new=1, changed=1)
    assert await store.finish(result) == counts
    before = await rows_of(store, items)
    assert await store.finish(result) == counts
    assert await rows_of(store, items) == before
    assert len(await rows_of(store, scrape_target_runs)) == 2


async def test_a_final_row_never_changes(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    await store.finish(result_of(claim))
    assert await store.finish(failed_of(claim)) is None
    await reap(store, minute(60))
    [row] = await rows_of(store, scrape_runs)
    assert row["status"] == "SUCCEEDED"


async def test_two_runs_of_a_schedule_in_one_transaction_count_one_after_the_other(store: SQLRunStore) -> None:
    claims = [claim_of(number) for number in range(3)]
    await asyncio.gather(*(store.claim(claim) for claim in claims))
    results = [result_of(claim, target_of(items_of(a="1"))) for claim in claims]
    counts = await asyncio.gather(*(store.finish(result) for result in results))
    assert counts == [ItemCounts(total=1, new=1), ItemCounts(total=1), ItemCounts(total=1)]


async def test_a_finish_whose_caller_is_cancelled_is_stored_all_the_same(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    caller = asyncio.create_task(store.finish(result_of(claim)))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await store.renew("nobody", [], START)
    assert not await store.claim(claim)
    [row] = await rows_of(store, scrape_runs)
    assert row["status"] == "SUCCEEDED"


async def test_a_result_that_can_not_be_stored_fails_alone(store: SQLRunStore) -> None:
    claims = [claim_of(0, uid=f"uid-{number}") for number in range(6)]
    await asyncio.gather(*(store.claim(claim) for claim in claims))
    results = [result_of(claim, target_of(items_of(a="1"))) for claim in claims]
    poison = target_of([Item("key", {"value": cast("str", object())}, "hash")])
    results[2] = result_of(claims[2], poison)
    answers = await asyncio.gather(*(store.finish(result) for result in results), return_exceptions=True)
    assert isinstance(answers.pop(2), StoreRefused)
    assert answers == [ItemCounts(total=1, new=1)] * 5
    states = {row["id"]: row["status"] for row in await rows_of(store, scrape_runs)}
    assert states[claims[2].id] == "RUNNING"
    assert sorted(states.values()) == ["RUNNING"] + ["SUCCEEDED"] * 5


async def test_a_target_fails_since_it_first_had_this_reason(store: SQLRunStore) -> None:
    reasons = [Reason.TIMEOUT, Reason.TIMEOUT, Reason.DNS_ERROR, Reason.DNS_ERROR, Reason.TIMEOUT]
    for number, reason in enumerate(reasons):
        claim = claim_of(number)
        await store.claim(claim)
        await store.finish(failed_of(claim, target_of(status=RunStatus.FAILED, reason=reason), reason=reason))
    rows = sorted(await rows_of(store, scrape_target_runs), key=lambda row: row["run_id"])
    ended = [claim_of(number).started_at + timedelta(seconds=5) for number in range(5)]
    assert [row["since"] for row in rows] == [ended[0], ended[0], ended[2], ended[2], ended[4]]


async def test_a_run_without_targets_does_not_end_a_streak(store: SQLRunStore) -> None:
    for number in range(3):
        claim = claim_of(number)
        await store.claim(claim)
        broken = target_of(status=RunStatus.FAILED, reason=Reason.TIMEOUT)
        await store.finish(failed_of(claim, *([] if number == 1 else [broken])))
    rows = await rows_of(store, scrape_target_runs)
    assert {row["since"] for row in rows} == {claim_of(0).started_at + timedelta(seconds=5)}
