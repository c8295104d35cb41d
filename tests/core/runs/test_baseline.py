"""What is usual for a target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.baseline import Baseline, GoodRun
from scrape_operator.core.runs.expectations import Expectations, Reading, find_breach

BASELINE_RUNS = 10


def runs(*counts: int, percent: int = 100) -> Baseline:
    return Baseline(tuple(GoodRun(count, {"price": percent}) for count in counts))


def test_nothing_is_usual_at_first() -> None:
    assert Baseline().median_items is None
    assert list(Baseline().lost_fields({"price": 0})) == []


def test_the_last_ten_good_runs_count() -> None:
    baseline = Baseline()
    for count in range(BASELINE_RUNS + 5):
        baseline = baseline.with_run(GoodRun(count))
    assert [run.items for run in baseline.runs] == list(range(14, 4, -1))
    assert baseline.median_items == 9.5


def test_runs_that_are_equal_share_their_memory() -> None:
    baseline = Baseline().with_run(GoodRun(20, {"price": 100})).with_run(GoodRun(20, {"price": 100}))
    newest, before = baseline.runs
    assert newest is before


@pytest.mark.parametrize(
    ("baseline", "constant"),
    [
        (Baseline(), None),
        (runs(5), GoodRun(5, {"price": 100})),
        (runs(5, 5, 5), GoodRun(5, {"price": 100})),
        (runs(5, 5, 6), None),
        (runs(6, 5, 5), None),
        (Baseline((GoodRun(5, {"price": 100}), GoodRun(5, {"price": 99}))), None),
        (Baseline((GoodRun(5), GoodRun(5, {"price": 100}))), None),
    ],
)
def test_a_constant_run_is_one_that_all_are_equal_to(baseline: Baseline, constant: GoodRun | None) -> None:
    assert baseline.constant == constant


@given(
    items=st.integers(1, 1000),
    found=st.dictionaries(st.sampled_from("abc"), st.integers(0, 100)),
    count=st.integers(1, BASELINE_RUNS),
    percent=st.integers(0, 100),
)
def test_a_run_that_is_equal_to_the_constant_one_breaks_nothing(
    items: int, found: dict[str, int], count: int, percent: int
) -> None:
    baseline = Baseline((GoodRun(items, found),) * count)
    reading = Reading(items=[{}] * items, found=found, baseline=baseline)
    assert baseline.constant == GoodRun(items, found)
    assert find_breach(Expectations(max_drop_percent=percent), reading) is None


@pytest.mark.parametrize(
    ("counts", "percent", "usual"),
    [
        ((3,), 100, 100),
        ((2,), 100, None),
        ((1, 1, 1), 100, 100),
        ((1, 1), 100, None),
        ((6,), 50, 50),
        ((100,), 49, None),
        ((5,), 50, None),
        ((10, 10), 80, 80),
    ],
    ids=str,
)
def test_a_lost_field_was_in_half_of_the_items_and_in_three_of_them(counts, percent: int, usual: int | None) -> None:
    lost = list(runs(*counts, percent=percent).lost_fields({"price": 0}))
    assert lost == ([] if usual is None else [("price", usual)])


def test_two_items_and_a_half_are_no_evidence() -> None:
    assert list(runs(1, percent=100).lost_fields({"price": 0})) == []
    assert list(Baseline().lost_fields({"price": 0, "stock": 0})) == []


def test_a_field_that_is_still_found_is_not_lost() -> None:
    assert list(runs(50).lost_fields({"price": 1})) == []


def test_a_field_that_no_run_had_is_not_lost() -> None:
    assert list(runs(50).lost_fields({"stock": 0})) == []


def test_the_median_run_decides() -> None:
    mostly = Baseline(tuple(GoodRun(10, {"price": percent}) for percent in (0, 90, 100)))
    rarely = Baseline(tuple(GoodRun(10, {"price": percent}) for percent in (0, 0, 100)))
    assert list(mostly.lost_fields({"price": 0})) == [("price", 90)]
    assert list(rarely.lost_fields({"price": 0})) == []


@given(st.lists(st.integers(1, 50), max_size=12), st.integers(0, 100), st.integers(0, 100))
def test_nothing_is_lost_that_was_seldom_found_or_is_found_now(counts: list[int], percent: int, now: int) -> None:
    lost = list(runs(*counts, percent=percent).lost_fields({"price": now}))
    assert len(lost) <= 1
    if lost:
        assert now == 0
        assert percent >= 50
        assert sum(counts) >= 3
