from datetime import timedelta

from scrape_operator.core.runs.baseline import GoodRun
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.shared import shared


def test_equal_values_are_one_object() -> None:
    first = shared(ItemCounts(total=20, new=1))
    assert shared(ItemCounts(total=20, new=1)) is first
    assert shared(ItemCounts(total=20, new=2)) == ItemCounts(total=20, new=2)


def test_equal_values_of_other_types_stay_apart() -> None:
    assert [type(shared(value)) for value in (1, True, 1.0)] == [int, bool, float]


def test_a_value_is_forgotten_once_4096_others_came() -> None:
    first = shared(timedelta(days=4))
    for seconds in range(4096):
        shared(timedelta(microseconds=seconds))
    again = timedelta(days=4)
    assert shared(again) is again
    assert again is not first


def test_what_differs_in_a_part_that_is_not_hashed_stays_apart() -> None:
    assert shared(GoodRun(5, {"price": 100})).found == {"price": 100}
    assert shared(GoodRun(5, {"price": 99})).found == {"price": 99}
