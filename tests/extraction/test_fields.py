"""The bounds of what the items of a document hold."""

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.extraction.fields import MISSING, check_item_sizes
from scrape_operator.extraction.step_budget import MAX_HELD, StepBudgetExceeded
from scrape_operator.extraction.values.types import MAX_ITEM_SIZE, Surroundings


def test_items_are_measured_only_until_they_hold_too_much_together() -> None:
    numbers = iter(range(100_000))
    half = "x" * (MAX_ITEM_SIZE // 2)
    with pytest.raises(StepBudgetExceeded):
        check_item_sizes(((half, MISSING) for _ in numbers), Surroundings())
    assert next(numbers) <= 2 * MAX_HELD // MAX_ITEM_SIZE


def test_an_item_that_is_too_big_is_refused() -> None:
    with pytest.raises(ScrapeFailed, match="more than 1 MiB"):
        check_item_sizes([("x" * MAX_ITEM_SIZE,)], Surroundings())
