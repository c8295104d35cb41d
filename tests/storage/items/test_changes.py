"""Each change of an item is a row: what it was, what it is, and in which run it became so."""

from typing import Any

import pytest

from scrape_operator.core.runs.items import Item, ItemCounts, ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.items import sightings
from scrape_operator.storage.runs import pruning
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import item_changes, items
from tests.storage.values import claim_of, items_of, minute, result_of, rows_of, target_of

Row = tuple[str, str, Any, Any]

PARTIAL: dict[str, Any] = {"status": RunStatus.PARTIALLY_SUCCEEDED, "reason": Reason.TIMEOUT}
FAILED = {"status": RunStatus.FAILED, "reason": Reason.TIMEOUT}


async def run(
    store: SQLRunStore, number: float, *seen: Item, mode: ItemMode = ItemMode.SNAPSHOT, **others: Any
) -> ItemCounts | None:
    claim = claim_of(number)
    assert await store.claim(claim)
    return await store.finish(result_of(claim, target_of(seen, mode=mode, **others)))


async def changes_of(store: SQLRunStore, number: float) -> list[Row]:
    """Return the changes of the run of a minute."""
    at = result_of(claim_of(number)).completed_at
    rows = [row for row in await rows_of(store, item_changes) if row["at"] == at]
    return sorted((row["change"], row["key"], row["before"], row["after"]) for row in rows)


async def present(store: SQLRunStore) -> set[str]:
    return {row["key"] for row in await rows_of(store, items) if row["gone_at"] is None}


async def test_a_new_item_has_all_its_fields_after(store: SQLRunStore) -> None:
    assert await run(store, 0, *items_of(a="1")) == ItemCounts(total=1, new=1)
    assert await changes_of(store, 0) == [("NEW", '["a"]', None, {"name": "a", "text": "1"})]


async def test_a_changed_item_has_the_fields_that_differ(store: SQLRunStore) -> None:
    await run(store, 0, Item.of({"k": 1, "same": [1], "gone": None, "flag": 1}, ["k"]))
    after = Item.of({"k": 1, "same": [1], "come": "x", "flag": True}, ["k"])
    assert await run(store, 1, after) == ItemCounts(total=1, changed=1)
    assert await changes_of(store, 1) == [
        ("CHANGED", "[1]", {"gone": None, "flag": 1}, {"come": "x", "flag": True}),
    ]


async def test_what_is_in_no_snapshot_is_gone_and_comes_back(store: SQLRunStore) -> None:
    await run(store, 0, *items_of(a="1", b="2"))
    assert await run(store, 1, *items_of(a="1")) == ItemCounts(total=1, gone=1)
    assert await changes_of(store, 1) == [("GONE", '["b"]', {"name": "b", "text": "2"}, None)]
    assert await run(store, 2, *items_of(a="1")) == ItemCounts(total=1)
    assert await run(store, 3, *items_of(a="1", b="3")) == ItemCounts(total=2, new=1)
    assert await changes_of(store, 3) == [("BACK", '["b"]', None, {"name": "b", "text": "3"})]
    assert await changes_of(store, 2) == []
    [back] = [row for row in await rows_of(store, items) if row["key"] == '["b"]']
    assert (back["gone_at"], back["first_seen_at"]) == (None, result_of(claim_of(0)).completed_at)


async def test_an_empty_snapshot_that_is_expected_leaves_nothing(store: SQLRunStore) -> None:
    await run(store, 0, *items_of(a="1", b="2"))
    assert await run(store, 1) == ItemCounts(total=0, gone=2)
    assert await present(store) == set()


@pytest.mark.parametrize(
    "others",
    [
        pytest.param({"mode": ItemMode.UPSERT}, id="upsert"),
        pytest.param({"mode": ItemMode.APPEND}, id="append"),
        pytest.param(PARTIAL, id="succeeded in part"),
        pytest.param(PARTIAL | {"complete": False}, id="in part and incomplete"),
        pytest.param({"complete": False}, id="incomplete"),
        pytest.param(FAILED, id="failed"),
        pytest.param({"reason": Reason.NOT_MODIFIED}, id="not modified"),
    ],
)
@pytest.mark.parametrize("seen", [pytest.param([], id="nothing"), pytest.param(["a"], id="one of two")])
async def test_nothing_else_says_that_an_item_is_gone(
    store: SQLRunStore, others: dict[str, Any], seen: list[str]
) -> None:
    await run(store, 0, *items_of(a="1", b="2"))
    counts = await run(store, 1, *items_of(**dict.fromkeys(seen, "1")), **others)
    assert counts is not None
    assert counts.gone == 0
    assert {'["a"]', '["b"]'} <= await present(store)


async def test_a_snapshot_that_repeats_a_partial_one_marks_what_it_lacks(store: SQLRunStore) -> None:
    await run(store, 0, *items_of(a="1", b="2"))
    await run(store, 1, *items_of(a="1"), complete=False)
    assert await run(store, 2, *items_of(a="1")) == ItemCounts(total=1, gone=1)


async def test_snapshots_of_targets_do_not_touch_each_other(store: SQLRunStore) -> None:
    claim = claim_of(0)
    await store.claim(claim)
    both = [target_of(items_of(a="1"), name=name, mode=ItemMode.SNAPSHOT) for name in ("one", "two")]
    await store.finish(result_of(claim, *both))
    other = claim_of(1)
    await store.claim(other)
    counts = await store.finish(result_of(other, target_of(items_of(b="1"), name="one", mode=ItemMode.SNAPSHOT)))
    assert counts == ItemCounts(total=2, new=1, gone=1)


async def test_every_run_adds_rows_in_append(store: SQLRunStore) -> None:
    for number in range(3):
        counts = await run(store, number, *items_of(a="1", b="1"), mode=ItemMode.APPEND)
        assert counts == ItemCounts(total=2 * (number + 1), new=2)
    rows = await rows_of(store, items)
    assert [row["data"]["name"] for row in rows] == ["a", "b"] * 3
    assert len({row["key"] for row in rows}) == 6


async def test_a_result_that_is_stored_again_changes_nothing(store: SQLRunStore) -> None:
    claim = claim_of(0)
    await store.claim(claim)
    result = result_of(claim, target_of(items_of(a="1"), mode=ItemMode.SNAPSHOT))
    assert await store.finish(result) == await store.finish(result) == ItemCounts(total=1, new=1)
    assert len(await rows_of(store, item_changes)) == 1


async def test_changes_are_written_in_chunks(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "CHUNK", 2)
    counts = await run(store, 0, *items_of(**{f"n{number}": "1" for number in range(7)}))
    assert counts == ItemCounts(total=7, new=7)
    assert len(await changes_of(store, 0)) == 7


async def test_changes_go_by_age_and_number(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 1)
    for number in range(6):
        await run(store, number, *items_of(a=str(number)))
    limits = {"successful": 100, "failed": 100}
    await store.prune("uid-1", **limits, older_than=minute(2))
    assert len(await rows_of(store, item_changes)) == 4
    monkeypatch.setattr(pruning, "MAX_CHANGES", 2)
    await store.prune("uid-1", **limits, older_than=minute(2))
    assert [row["after"]["text"] for row in await rows_of(store, item_changes)] == ["4", "5"]
