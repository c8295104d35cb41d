import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.net.host_pace import AdaptivePace

MAX_INTERVAL_SECONDS = 2.0
SLOW_ANSWER_SECONDS = 1.0


def test_a_host_that_answers_has_no_pace_of_its_own():
    pace = AdaptivePace()
    for _ in range(20):
        pace.answered(SLOW_ANSWER_SECONDS, 4)
    assert pace.interval == 0


def test_slow_answers_slow_a_host_down_to_what_it_can_answer():
    pace = AdaptivePace()
    for _ in range(7):
        pace.answered(4.0, 4)
    assert pace.interval == 0
    pace.answered(6.0, 4)
    assert pace.interval == 1.0


def test_one_quick_answer_among_slow_ones_says_that_the_host_is_not_slow():
    pace = AdaptivePace()
    for latency in [4.0] * 7 + [0.5] + [4.0] * 7:
        pace.answered(latency, 4)
    assert pace.interval == 0
    pace.answered(4.0, 4)
    assert pace.interval == 1.0


def test_errors_in_a_row_double_the_interval_up_to_the_maximum():
    pace, intervals = AdaptivePace(), []
    for _ in range(8):
        pace.failed()
        intervals.append(pace.interval)
    assert intervals == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_single_errors_between_answers_slow_nobody_down():
    pace = AdaptivePace()
    for _ in range(20):
        pace.failed()
        pace.answered(0.1, 4)
    assert pace.interval == 0


def test_the_cause_of_an_interval_is_known():
    pace = AdaptivePace()
    for _ in range(3):
        pace.failed()
    pace.answered(0.1, 4)
    assert pace.cause == "it answered with errors, or not at all"
    for _ in range(60):
        pace.answered(5.0, 4)
    assert pace.cause == "its answers are slow"


def test_success_speeds_up_slowly():
    pace = AdaptivePace()
    for _ in range(4):
        pace.failed()
    intervals = []
    for _ in range(40):
        pace.answered(0.1, 4)
        intervals.append(pace.interval)
    assert intervals[0] == pytest.approx(0.36)
    assert intervals[1] == pytest.approx(0.324)
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[-1] == 0


@pytest.mark.parametrize(("latency", "interval"), [(1.28, 0), (1.344, 0.00945)])
def test_an_interval_of_10_ms_is_given_up_by_the_next_success(latency, interval):
    pace = AdaptivePace()
    for _ in range(8):
        pace.answered(latency, 128)
    assert pace.interval == latency / 128
    pace.answered(0.1, 128)
    assert pace.interval == pytest.approx(interval)


@given(st.lists(st.floats(0, 100) | st.none(), max_size=60))
def test_errors_never_speed_up_and_the_interval_is_bounded(events):
    pace = AdaptivePace()
    for latency in events:
        before = pace.interval
        if latency is None:
            pace.failed()
            assert pace.interval >= before
        else:
            pace.answered(latency, 4)
        assert 0 <= pace.interval <= MAX_INTERVAL_SECONDS


def test_errors_are_forgotten_with_their_interval():
    pace = AdaptivePace()
    pace.failed()
    pace.failed()
    while pace.interval:
        pace.answered(0.01, 4)
    assert pace.cause == "its answers are slow"
