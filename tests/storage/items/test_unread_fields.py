"""Fields that a run could not read keep what is stored of them."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrape_operator.core.runs.items import Item, ItemCounts, ItemMode
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import items
from tests.storage.items.test_changes import PARTIAL, changes_of, run
from tests.storage.values import rows_of

DETAIL = ("text", "stock")


def read(name: str, price: str, **detail: Any) -> Item:
    """Return an item of a list; without details their fields are unread."""
    item = Item.of({"name": name, "price": price, **dict.fromkeys(DETAIL), **detail}, ["name"])
    return item if detail else item._replace(unread=DETAIL)


async def stored(store: SQLRunStore) -> list[dict[str, Any]]:
    return [row["data"] for row in await rows_of(store, items) if row["gone_at"] is None]


async def test_a_failed_detail_changes_nothing_and_neither_does_its_return(store: SQLRunStore) -> None:
    whole = read("lamp", "1", text="of wood", stock=12)
    await run(store, 0, whole)
    for number, item in enumerate([read("lamp", "1"), read("lamp", "1"), whole], start=1):
        assert await run(store, number, item, **PARTIAL) == ItemCounts(total=1)
        assert await changes_of(store, number) == []
    assert await stored(store) == [whole.data]


async def test_only_what_was_read_changes(store: SQLRunStore) -> None:
    await run(store, 0, read("lamp", "1", text="of wood", stock=12))
    assert await run(store, 1, read("lamp", "2"), **PARTIAL) == ItemCounts(total=1, changed=1)
    assert await changes_of(store, 1) == [("CHANGED", '["lamp"]', {"price": "1"}, {"price": "2"})]
    assert await stored(store) == [{"name": "lamp", "price": "2", "text": "of wood", "stock": 12}]


async def test_a_new_item_is_stored_without_what_was_not_read(store: SQLRunStore) -> None:
    assert await run(store, 0, read("lamp", "1"), **PARTIAL) == ItemCounts(total=1, new=1)
    assert await stored(store) == [{"name": "lamp", "price": "1", "text": None, "stock": None}]
    assert await run(store, 1, read("lamp", "1", text="of wood", stock=1)) == ItemCounts(total=1, changed=1)


async def test_an_item_that_comes_back_has_its_old_details(store: SQLRunStore) -> None:
    await run(store, 0, read("lamp", "1", text="of wood", stock=12), read("desk", "1", text="of oak"))
    await run(store, 1, read("desk", "1", text="of oak"))
    assert await run(store, 2, read("lamp", "1"), **PARTIAL) == ItemCounts(total=2, new=1)
    assert await changes_of(store, 2) == [
        ("BACK", '["lamp"]', None, {"name": "lamp", "price": "1", "text": "of wood", "stock": 12})
    ]


async def test_a_field_that_was_read_and_is_empty_is_stored_as_empty(store: SQLRunStore) -> None:
    await run(store, 0, read("lamp", "1", text="of wood", stock=12))
    assert await run(store, 1, read("lamp", "1", text=None)) == ItemCounts(total=1, changed=1)
    assert await stored(store) == [{"name": "lamp", "price": "1", "text": None, "stock": None}]


async def test_items_of_mode_append_have_only_what_was_read(store: SQLRunStore) -> None:
    await run(store, 0, read("lamp", "1", text="of wood"), mode=ItemMode.APPEND)
    assert await run(store, 1, read("lamp", "1"), mode=ItemMode.APPEND, **PARTIAL) == ItemCounts(total=2, new=1)
    assert [data["text"] for data in await stored(store)] == ["of wood", None]


Reading = st.tuples(st.sampled_from(["1", "2"]), st.sampled_from(["of wood", "of oak"]) | st.none())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=st.lists(Reading, min_size=1, max_size=6))
@pytest.mark.usefixtures("store")
async def test_what_is_stored_is_the_last_that_was_read(
    store: SQLRunStore, readings: list[tuple[str, str | None]]
) -> None:
    name = f"n{sum(1 for row in await rows_of(store, items))}"
    first = len(await rows_of(store, items)) * 100
    known: tuple[str, str | None] | None = None
    for number, (price, text) in enumerate(readings):
        item = read(name, price, text=text) if text else read(name, price)
        counts = await run(store, first + number, item, mode=ItemMode.UPSERT)
        now = (price, text or (known[1] if known else None))
        assert counts is not None
        assert (counts.new, counts.changed) == (known is None, known not in {None, now})
        known = now
    [data] = [data for data in await stored(store) if data["name"] == name]
    assert (data["price"], data["text"]) == known
