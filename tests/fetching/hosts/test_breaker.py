from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.hosts.breaker import MAX_REQUESTERS, Breaker, BreakerPolicy, CoolDown, SeenFailure

POLICY = BreakerPolicy(
    failures=3,
    refusal=CoolDown(timedelta(seconds=30), timedelta(seconds=900)),
    outage=CoolDown(timedelta(seconds=5), timedelta(seconds=60)),
)
FORBIDDEN = SeenFailure(Reason.BLOCKED, "answered 403 Forbidden")
GONE = SeenFailure(Reason.CONNECT_ERROR, "refused the connection")


def opened(failure=FORBIDDEN, *, now=0.0):
    breaker = Breaker(POLICY)
    for _ in range(POLICY.failures):
        breaker.failed("a", failure, now)
    return breaker


def test_several_failures_in_a_row_begin_a_cool_down():
    breaker = Breaker(POLICY)
    assert [breaker.failed("a", FORBIDDEN, now) for now in (0.0, 1.0, 2.0)] == [False, False, True]
    assert breaker.refused_until("a", 2.0) == 32.0
    assert breaker.failure_of("a") == FORBIDDEN
    assert breaker.refused_until("a", 32.0) is None


def test_an_answer_in_between_begins_the_count_anew():
    breaker = Breaker(POLICY)
    for _ in range(10):
        breaker.failed("a", FORBIDDEN, 0.0)
        breaker.failed("a", FORBIDDEN, 0.0)
        breaker.answered("a")
    assert breaker.refused_until("a", 0.0) is None


def test_where_nobody_is_answered_the_failures_of_all_count_together():
    breaker = Breaker(POLICY)
    assert [breaker.failed(who, GONE, 0.0) for who in "abcd"] == [False, False, True, True]
    assert [breaker.refused_until(who, 0.0) for who in "abcd"] == [None, None, 5.0, 5.0]
    assert breaker.is_host_failing
    breaker.answered("e")
    assert not breaker.is_host_failing


def test_who_has_not_failed_is_not_refused():
    assert opened().refused_until("b", 0.0) is None


def test_an_answer_to_another_does_not_end_a_cool_down():
    breaker = opened()
    breaker.answered("b")
    assert breaker.refused_until("a", 29.9) == 30.0


def test_each_is_told_its_own_last_failure():
    breaker = opened()
    breaker.failed("b", GONE, 1.0)
    assert (breaker.failure_of("a"), breaker.failure_of("b"), breaker.last_failure) == (FORBIDDEN, GONE, GONE)


def test_one_more_failure_after_the_cool_down_begins_one_twice_as_long():
    breaker = opened()
    assert breaker.failed("a", FORBIDDEN, 31.0)
    assert breaker.refused_until("a", 31.0) == 31.0 + 60.0


def test_successes_of_others_do_not_make_a_cool_down_begin_more_often():
    breaker, cool_downs = Breaker(POLICY), 0
    for second in range(300):
        now = float(second)
        breaker.answered("good")
        if breaker.refused_until("bad", now) is None:
            cool_downs += breaker.failed("bad", FORBIDDEN, now)
    assert cool_downs == 4  # at 2, 32, 92 and 212 s


def test_an_own_answer_after_the_cool_down_begins_the_count_anew():
    breaker = opened()
    breaker.answered("a")
    assert [breaker.failed("a", FORBIDDEN, 31.0) for _ in range(3)] == [False, False, True]
    assert breaker.refused_until("a", 31.0) == 61.0


def test_failures_that_were_in_flight_do_not_prolong_a_cool_down():
    breaker = opened()
    assert not any(breaker.failed("a", FORBIDDEN, 1.0) for _ in range(20))
    assert breaker.refused_until("a", 1.0) == 30.0


@pytest.mark.parametrize(
    ("failure", "first", "last"),
    [(FORBIDDEN, 30.0, 900.0), (GONE, 5.0, 60.0)],
    ids=["long after refusals", "short after outages"],
)
def test_cool_downs_double_up_to_their_maximum(failure, first, last):
    breaker, now, lengths = opened(failure), 0.0, []
    for _ in range(40):
        until = breaker.refused_until("a", now)
        lengths.append(until - now)
        now = until
        breaker.failed("a", failure, now)
    assert lengths[:3] == [first, 2 * first, 4 * first]
    assert lengths[-1] == last


def test_one_report_is_enough():
    breaker = Breaker(POLICY)
    assert breaker.reported("a", FORBIDDEN, 0.0)
    assert not breaker.reported("a", FORBIDDEN, 1.0)
    assert breaker.refused_until("a", 2.0) == 30.0


def test_it_remembers_a_bounded_number_of_requesters():
    breaker = Breaker(POLICY)
    for number in range(3 * MAX_REQUESTERS):
        breaker.reported(str(number), GONE, 0.0)
    refused = sum(breaker.refused_until(str(number), 0.0) is not None for number in range(3 * MAX_REQUESTERS))
    assert refused == MAX_REQUESTERS


def test_it_is_forgotten_when_its_last_cool_down_is_long_over():
    assert Breaker(POLICY).is_idle(0.0)
    assert [opened().is_idle(now) for now in (0.0, 30.0, 929.0, 930.0)] == [False, False, False, True]


@given(
    st.lists(
        st.tuples(st.sampled_from(["fail", "answer", "report"]), st.sampled_from("ab"), st.integers(0, 100).map(float)),
        max_size=60,
    )
)
def test_nobody_is_refused_for_longer_than_the_maximum_nor_without_a_failure_of_its_own(events):
    breaker, now, failed = Breaker(POLICY), 0.0, set[str]()
    for event, requester, seconds in events:
        now += seconds
        if event == "answer":
            breaker.answered(requester)
            failed.discard(requester)
        else:
            (breaker.failed if event == "fail" else breaker.reported)(requester, FORBIDDEN, now)
            failed.add(requester)
        for who in "abc":
            until = breaker.refused_until(who, now)
            assert until is None or (who in failed and until - now <= 900.0)
