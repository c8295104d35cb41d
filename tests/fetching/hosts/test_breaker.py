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


def test_several_failures_in_a_row_open_it():
    breaker = Breaker(POLICY)
    assert [breaker.failed("a", FORBIDDEN, now) for now in (0.0, 1.0, 2.0)] == [False, False, True]
    assert breaker.refusal("a", 2.0) == FORBIDDEN
    assert breaker.until == 32.0


def test_an_answer_in_between_begins_the_count_anew():
    breaker = Breaker(POLICY)
    for _ in range(10):
        breaker.failed("a", FORBIDDEN, 0.0)
        breaker.failed("a", FORBIDDEN, 0.0)
        breaker.answered()
    assert breaker.refusal("a", 0.0) is None


def test_failures_of_all_requesters_count_together():
    breaker = Breaker(POLICY)
    assert [breaker.failed(who, GONE, 0.0) for who in "abc"] == [False, False, True]
    assert all(breaker.refusal(who, 0.0) == GONE for who in "abc")


def test_who_has_not_failed_is_not_refused():
    assert opened().refusal("b", 0.0) is None


def test_nobody_without_a_name_is_refused():
    breaker = Breaker(POLICY)
    assert [breaker.failed("", FORBIDDEN, 0.0) for _ in range(3)] == [False, False, True]
    assert breaker.refusal("", 0.0) is None


def test_an_answer_to_another_closes_it():
    breaker = opened()
    breaker.answered()
    assert breaker.refusal("a", 0.0) is None


def test_each_is_told_its_own_last_failure():
    breaker = opened()
    breaker.failed("b", GONE, 1.0)
    assert (breaker.refusal("a", 2.0), breaker.refusal("b", 2.0)) == (FORBIDDEN, GONE)


def test_after_the_cool_down_it_lets_through_and_one_more_failure_opens_it_for_twice_as_long():
    breaker = opened()
    assert breaker.refusal("a", 29.9) == FORBIDDEN
    assert breaker.refusal("a", 30.0) is None
    assert breaker.failed("a", FORBIDDEN, 31.0)
    assert breaker.until == 31.0 + 60.0


def test_an_answer_after_the_cool_down_closes_it_and_the_count_begins_anew():
    breaker = opened()
    breaker.answered()
    assert not breaker.failed("a", FORBIDDEN, 31.0)
    assert breaker.refusal("a", 31.0) is None


def test_failures_that_were_under_way_do_not_open_it_again():
    breaker = opened()
    assert not any(breaker.failed("b", FORBIDDEN, 1.0) for _ in range(20))
    assert breaker.until == 30.0


@pytest.mark.parametrize(
    ("failure", "first", "last"),
    [(FORBIDDEN, 30.0, 900.0), (GONE, 5.0, 60.0)],
    ids=["refusals keep it open for long", "outages for a short time"],
)
def test_cool_downs_double_up_to_their_maximum(failure, first, last):
    breaker = opened(failure)
    lengths = [breaker.until]
    for _ in range(40):
        now = breaker.until
        breaker.failed("a", failure, now)
        lengths.append(breaker.until - now)
    assert lengths[:3] == [first, 2 * first, 4 * first]
    assert lengths[-1] == last


def test_a_host_that_soon_refuses_again_is_left_alone_for_longer():
    breaker = opened()
    breaker.answered()
    breaker.reported("a", FORBIDDEN, 300.0)
    assert breaker.until == 300.0 + 60.0


def test_a_host_that_was_fine_for_long_is_as_good_as_new():
    breaker = opened()
    breaker.answered()
    breaker.reported("a", FORBIDDEN, 30.0 + 900.0)
    assert breaker.until == 930.0 + 30.0


def test_one_report_opens_it():
    breaker = Breaker(POLICY)
    assert breaker.reported("a", FORBIDDEN, 0.0)
    assert not breaker.reported("a", FORBIDDEN, 1.0)
    assert (breaker.refusal("a", 2.0), breaker.until) == (FORBIDDEN, 30.0)


def test_it_remembers_a_bounded_number_of_requesters():
    breaker = Breaker(POLICY)
    for number in range(3 * MAX_REQUESTERS):
        breaker.failed(str(number), GONE, 0.0)
    refused = sum(breaker.refusal(str(number), 0.0) is not None for number in range(3 * MAX_REQUESTERS))
    assert refused == MAX_REQUESTERS


def test_it_is_forgotten_when_its_last_cool_down_is_long_over():
    assert Breaker(POLICY).is_idle(0.0)
    breaker = opened()
    assert [breaker.is_idle(now) for now in (0.0, 30.0, 929.0, 930.0)] == [False, False, False, True]


@given(
    st.lists(
        st.tuples(st.sampled_from(["fail", "answer", "report"]), st.sampled_from("ab"), st.integers(0, 100).map(float)),
        max_size=60,
    )
)
def test_it_never_refuses_for_longer_than_the_maximum_nor_without_a_failure_of_ones_own(events):
    breaker, now, failed = Breaker(POLICY), 0.0, set[str]()
    for event, requester, seconds in events:
        now += seconds
        if event == "answer":
            breaker.answered()
            failed.clear()
        else:
            (breaker.failed if event == "fail" else breaker.reported)(requester, FORBIDDEN, now)
            failed.add(requester)
        assert breaker.until - now <= 900.0
        assert all(breaker.refusal(who, now) is None or who in failed for who in "abc")
        assert all(breaker.refusal(who, now + 900.0) is None for who in "abc")
