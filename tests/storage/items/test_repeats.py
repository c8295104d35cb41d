"""A target that brings what it brought before is settled without a look at its items, and never wrongly."""

from uuid import UUID

import pytest

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.storage.items import repeats
from scrape_operator.storage.items.repeats import fingerprint_of
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import items
from tests.storage.items.finishing_process import Process
from tests.storage.values import items_of, rows_of


async def seen_by(store: SQLRunStore) -> dict[str, UUID]:
    """Return the run that saw each item last."""
    return {row["data"]["name"]: row["run_id"] for row in await rows_of(store, items)}


async def test_what_comes_again_is_seen_again_and_its_data_is_not_looked_at(store: SQLRunStore) -> None:
    process, statements = Process(store), list[str]()
    await process.run(0, *items_of(a="1", b="2"))
    again = await process.claim(1, *items_of(b="2", a="1"))
    assert await process.finish(again, statements) == ItemCounts(total=2)
    assert await seen_by(store) == {"a": again.claim.id, "b": again.claim.id}
    assert not [statement for statement in statements if "content_hash" in statement]


async def test_what_another_replica_changed_meanwhile_has_changed(store: SQLRunStore) -> None:
    one, other = Process(store), Process(store)
    await one.run(0, *items_of(a="1", b="2"))
    assert await other.run(1, *items_of(a="9")) == ItemCounts(total=2, changed=1)
    assert await one.run(2, *items_of(a="1", b="2")) == ItemCounts(total=2, changed=1)
    assert {row["data"]["text"] for row in await rows_of(store, items)} == {"1", "2"}


async def test_what_was_undone_is_stored_when_it_comes_again(store: SQLRunStore) -> None:
    process = Process(store)
    result = await process.claim(0, *items_of(a="1"))
    await process.undo(result)
    assert await process.finish(result) == ItemCounts(total=1, new=1)


async def test_a_repeat_that_was_undone_is_settled_when_it_comes_again(store: SQLRunStore) -> None:
    process = Process(store)
    await process.run(0, *items_of(a="1"))
    result = await process.claim(1, *items_of(a="1"))
    await process.undo(result)
    assert await process.finish(result) == ItemCounts(total=1)
    assert await seen_by(store) == {"a": result.claim.id}


async def test_few_of_many_items_are_looked_up_by_their_keys(store: SQLRunStore) -> None:
    process, statements = Process(store), list[str]()
    await process.run(0, *items_of(**{f"n{number}": "1" for number in range(9)}))
    assert await process.run(1, *items_of(n1="1", n2="1")) == ItemCounts(total=9)
    again = await process.claim(2, *items_of(n1="1", n2="1"))
    assert await process.finish(again, statements) == ItemCounts(total=9)
    assert [statement for statement in statements if "content_hash" in statement]
    assert [name for name, run_id in (await seen_by(store)).items() if run_id == again.claim.id] == ["n1", "n2"]


async def test_what_is_forgotten_is_stored_all_the_same(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MAX_REMEMBERED", 1)
    process = Process(store)
    for number in range(3):
        for uid in ("uid-1", "uid-2"):
            new = 1 if number == 0 else 0
            assert await process.run(number, *items_of(a="1"), uid=uid) == ItemCounts(total=1, new=new)


def test_a_fingerprint_tells_keys_and_contents_and_no_order() -> None:
    known = fingerprint_of({"a": "1", "b": "2"})
    assert fingerprint_of({"b": "2", "a": "1"}) == known
    assert known not in {
        fingerprint_of(other) for other in ({"a": "2", "b": "1"}, {"a": "1"}, {"a": "1", "c": "2"}, {})
    }
