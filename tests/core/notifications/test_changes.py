"""Merged changes lead from the first state to the last one, and what is listed is bounded."""

import json
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.notifications.changes import (
    ItemChange,
    ListedChanges,
    change_record,
    list_changes,
    merge_changes,
)
from scrape_operator.core.runs.items import Change, JSONValue, differing

Item = Mapping[str, JSONValue]
Shop = Mapping[str, Item]

ITEMS = st.dictionaries(st.sampled_from("xyz"), st.sampled_from([1, 2, None, "a", True]), max_size=3)
SHOPS = st.dictionaries(st.sampled_from("abc"), ITEMS, max_size=3)


def changes_between(before: Shop, after: Shop, known: set[str]) -> list[ItemChange]:
    """Return what a run stores that finds one shop after another; `known` are all keys so far."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None:
            found.append(ItemChange("t", key, Change.BACK if key in known else Change.NEW, None, new))
        elif new is None:
            found.append(ItemChange("t", key, Change.GONE, old, None))
        elif differing(old, new) != ({}, {}):
            found.append(ItemChange("t", key, Change.CHANGED, *differing(old, new)))
        known.add(key)
    return found


def applied(shop: Shop, changes: ListedChanges) -> Shop:
    """Do to a shop what its receiver would do, and check what a change says of the item before."""
    state = {key: dict(item) for key, item in shop.items()}
    for change in changes.changes:
        if change.change is Change.GONE:
            assert state.pop(change.key) == change.before
        elif change.change is Change.CHANGED:
            item, old, new = state[change.key], change.before or {}, change.after or {}
            assert {name: item[name] for name in old} == old
            assert not (new.keys() - old.keys()) & item.keys()
            state[change.key] = {
                name: value for name, value in {**item, **new}.items() if name not in old.keys() - new.keys()
            }
        else:
            assert change.key not in state
            state[change.key] = dict(change.after or {})
    return state


def same(one: Shop, other: Shop) -> bool:
    """Compare by JSON, since true is 1 in Python."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(st.lists(SHOPS, min_size=2, max_size=6))
def test_merged_changes_lead_from_the_first_state_to_the_last(shops: list[Shop]) -> None:
    known = set(shops[0])
    merged = ListedChanges(())
    for before, after in pairwise(shops):
        merged = merge_changes(merged, list_changes(changes_between(before, after, known)))
    assert same(applied(shops[0], merged), shops[-1])
    assert len({change.key for change in merged.changes}) == len(merged.changes)
    assert merged.omitted == 0


def change(number: int, size: int = 10) -> ItemChange:
    return ItemChange("t", f"k{number}", Change.NEW, None, {"text": "é" * size})


def test_changes_are_bounded_by_number_and_bytes_and_the_rest_is_counted() -> None:
    many = list_changes(change(number) for number in range(107))
    assert (len(many.changes), many.omitted) == (100, 7)
    large = list_changes([change(0, 49_152), change(1), change(2, 16_384), change(3, 16_384)])
    assert [one.key for one in large.changes] == ["k1", "k2"]
    assert large.omitted == 2


@pytest.mark.parametrize(("bytes_more", "omitted"), [(0, 0), (2, 1)])
def test_changes_may_take_48_kib_as_json_in_utf_8(bytes_more: int, omitted: int) -> None:
    changes = [change(1), change(2, 0)]
    left = 49_152 - sum(len(json.dumps(change_record(one), ensure_ascii=False).encode()) for one in changes)
    assert left % 2 == 0
    changes[1] = change(2, (left + bytes_more) // 2)
    assert list_changes(changes).omitted == omitted


def test_what_was_left_out_stays_counted_in_a_merge() -> None:
    merged = merge_changes(ListedChanges([change(1)], 5), ListedChanges([change(2)], 2))
    assert ([one.key for one in merged.changes], merged.omitted) == (["k1", "k2"], 7)
    assert merge_changes(ListedChanges([change(1)], 5), ListedChanges([change(1, 3)])).changes == [change(1, 3)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Change.NEW, Change.BACK),
        (Change.CHANGED, Change.NEW),
        (Change.GONE, Change.GONE),
        (Change.GONE, Change.CHANGED),
    ],
)
def test_of_two_changes_with_one_between_them_that_was_left_out_the_second_counts(
    first: Change, second: Change
) -> None:
    earlier = ItemChange("t", "k", first, {"a": 1}, {"a": 2})
    later = ItemChange("t", "k", second, {"a": 3}, {"a": 4})
    assert merge_changes(ListedChanges([earlier]), ListedChanges([later])).changes == [later]
