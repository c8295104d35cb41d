from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.page_order import has_gap, has_repeats, pack, page_keys

KNOWN = (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([(1, 2, 3), (4, 5, 6)], False),
        ([(1, 2, 3), (5, 6)], True),
        ([(1, 2), (4, 5, 6)], True),
        ([(1, 3, 4), (5, 6)], False),
        ([(3, 4), (5, 6)], False),
        ([(7, 8, 9), (4, 5, 6)], True),
        ([(1, 2, 3), (4, 5)], True),
        ([(9, 1, 2), (2, 3, 4), (4, 5, 6)], False),
        ([(9, 8, 7)], True),
        ([], True),
    ],
    ids=[
        "all are there",
        "the first of the second page",
        "the last of the first page",
        "one inside a page",
        "the first ones of all",
        "the first page is new",
        "the last of all",
        "all, and some twice",
        "no known one",
        "nothing",
    ],
)
def test_an_item_that_is_missing_between_two_pages_is_a_gap(pages: Sequence[tuple[int, ...]], expected: bool) -> None:
    assert has_gap(KNOWN, pages) == expected


def test_a_list_of_which_no_item_is_known_has_no_gap() -> None:
    assert not has_gap((), [(1, 2)])


@given(known=st.lists(st.integers(0, 2**64 - 1), unique=True), size=st.integers(1, 5))
def test_a_list_that_did_not_move_has_no_gap_whatever_its_pages_are(known: list[int], size: int) -> None:
    assert not has_gap(pack(known), [tuple(known[at : at + size]) for at in range(0, len(known), size)])


def test_keys_are_equal_if_their_parts_are() -> None:
    one, other, null = page_keys([{"a": 1, "b": 2, "c": 3}, {"b": 2, "a": 1}, {"a": None, "b": 2}], ("a", "b"))
    assert one == other != null


def test_an_item_that_comes_twice_is_packed_once() -> None:
    assert list(pack([3, 1, 3, 2**64 - 1])) == [3, 1, 2**64 - 1]


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([(1, 2), (3, 4)], False),
        ([(1, 2), (2, 3)], True),
        ([(1, 1), (2,)], False),
        ([(1,), (2,), (1,)], True),
        ([], False),
    ],
)
def test_an_item_on_two_pages_is_a_repeat(pages: Sequence[tuple[int, ...]], expected: bool) -> None:
    assert has_repeats(pages) is expected
