"""Keys: which items are the same, and which have none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.items import Item
from scrape_operator.core.runs.keys import key_items

parts = st.none() | st.sampled_from(["", "a", "b"])
data = st.lists(st.fixed_dictionaries({"x": parts, "y": parts, "z": st.integers(0, 3)}), max_size=12)


def read(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"sku": sku, "n": n} for sku, n in pairs]


def test_of_items_with_one_key_the_last_counts_in_the_place_of_the_first() -> None:
    keyed = key_items(read(("a", 1), ("b", 2), ("a", 3), ("a", 4)), ["sku"])
    assert [item.data["n"] for item in keyed.items] == [4, 2]
    assert (keyed.duplicates, keyed.keyless) == (2, 0)


def test_duplicates_with_other_fields_are_conflicts() -> None:
    keyed = key_items(read(("a", 1), ("a", 1), ("a", 2), ("b", 2), ("b", 2), ("a", 2)), ["sku"])
    assert (keyed.duplicates, keyed.conflicts) == (4, 1)


def test_an_item_whose_key_parts_are_all_null_is_dropped_and_counted() -> None:
    keyed = key_items(read((None, 1), ("", 2), (None, 3)), ["sku"])
    assert [item.data["n"] for item in keyed.items] == [2]
    assert (keyed.duplicates, keyed.keyless) == (0, 2)


@pytest.mark.parametrize(
    ("key", "kept"), [(["sku", "n"], 3), (["n", "sku"], 3), (["sku"], 1), (["n"], 3), (["absent"], 0), ([], 3)]
)
def test_a_null_part_is_a_value_of_its_own(key: list[str], kept: int) -> None:
    assert len(key_items(read((None, 0), (None, 1), ("", 2)), key).items) == kept


def test_what_could_not_be_read_of_an_item_is_found_by_its_number() -> None:
    rows = read((None, 0), ("a", 1), ("b", 2), ("a", 3))
    keyed = key_items(rows, ["sku"], {0: ["x"], 1: ["y"], 3: ["z"]})
    assert [(item.data["n"], item.unread) for item in keyed.items] == [(3, ["z"]), (2, ())]


def test_without_a_key_items_with_the_same_values_are_one_and_none_is_keyless() -> None:
    keyed = key_items(read((None, None), ("a", 1), (None, None)), [])
    assert ([item.data["sku"] for item in keyed.items], keyed.duplicates, keyed.keyless) == ([None, "a"], 1, 0)


def test_what_was_not_kept_is_told_with_the_fields_of_the_key() -> None:
    keyed = key_items(read((None, None), ("a", 1), ("a", 1)), ["sku", "n"])
    remedy = "correct their selectors, or choose other fields for the key"
    assert keyed.warnings(["sku", "n"]) == [
        f"dropped 1 items: all parts of extract.key are missing (sku, n); {remedy}",
        "1 items repeat another one with the same extract.key (sku, n): the last of each is kept",
    ]
    assert key_items(read(("a", 1), ("a", 1)), []).warnings([]) == [
        "1 items repeat another one with the same values in all fields: the last of each is kept"
    ]
    assert key_items(read(("a", 1), ("b", 1)), ["sku"]).warnings(["sku"]) == []


@given(data, st.sampled_from([[], ["x"], ["x", "y"]]))
def test_keys_are_unique_and_every_item_is_accounted_for(rows: list[dict[str, Any]], key: list[str]) -> None:
    keyed = key_items(rows, key)
    keys = [item.key for item in keyed.items]
    assert len(set(keys)) == len(keys)
    assert len(keys) + keyed.duplicates + keyed.keyless == len(rows)
    last = {Item.of(row, key).key: row for row in rows}
    assert all(item.data == last[item.key] for item in keyed.items)


@pytest.mark.parametrize(
    ("key", "kept", "unknown"),
    [(["sku"], [1, 2, 3], 0), (["n"], [1, 3], 1), (["sku", "n"], [1, 3], 1), ([], [1, 2, 3], 0)],
)
def test_an_item_with_an_unread_part_of_its_key_is_left_out(key: list[str], kept: list[int], unknown: int) -> None:
    keyed = key_items(read(("a", 1), ("b", 2), ("c", 3)), key, {1: ["n"]})
    assert ([item.data["n"] for item in keyed.items], keyed.unknown) == (kept, unknown)
    assert [item.unread for item in keyed.items] == [["n"] if item.data["n"] == 2 else () for item in keyed.items]
    assert (keyed.duplicates, keyed.keyless) == (0, 0)
    told = [line for line in keyed.warnings(key) if line.startswith(f"{unknown} items are not stored in this run")]
    assert len(told) == (1 if unknown else 0)
