"""Items of a document that did not change are read at most once, and only if they are asked for."""

from uuid import UUID

import pytest

from scrape_operator.core.runs.items import Item
from scrape_operator.core.runs.repeated_items import RepeatedItems

ITEMS = [Item.of({"n": number}) for number in range(3)]
RUN = UUID(int=7)


def test_their_number_is_known_without_reading_them() -> None:
    def read() -> list[Item]:
        raise AssertionError

    items = RepeatedItems(RUN, 3, read)
    assert (len(items), bool(items), items.of_run) == (3, True, RUN)


@pytest.mark.parametrize("index", [0, 2, -1, slice(1, None), slice(0, 0)])
def test_they_are_the_items_that_are_read(index: int | slice) -> None:
    assert RepeatedItems(RUN, 3, lambda: ITEMS)[index] == ITEMS[index]
    assert list(RepeatedItems(RUN, 3, lambda: ITEMS)) == ITEMS


def test_they_are_read_once() -> None:
    reads: list[int] = []

    def read() -> list[Item]:
        reads.append(1)
        return ITEMS

    items = RepeatedItems(RUN, 3, read)
    assert [*items, *items, items[0]] == [*ITEMS, *ITEMS, ITEMS[0]]
    assert reads == [1]
