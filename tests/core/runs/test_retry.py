from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy, is_worth_another_try, parse_retry_after

RETRY_AFTER_MAX = timedelta(days=1)

SECOND = timedelta(seconds=1)
POLICY = RetryPolicy(3, SECOND, 30 * SECOND)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
WORTH = {
    Reason.TIMEOUT,
    Reason.CONNECT_ERROR,
    Reason.DNS_ERROR,
    Reason.PROTOCOL_ERROR,
    Reason.RATE_LIMITED,
    Reason.STORE_UNAVAILABLE,
}

delays = st.timedeltas(min_value=timedelta(milliseconds=10), max_value=timedelta(minutes=10))
randoms = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.HTTP_STATUS])
def test_a_failure_that_may_pass_is_worth_another_try(reason):
    assert is_worth_another_try(ScrapeFailed(reason, "x", http_status=200)) is (reason in WORTH)


def test_a_failure_that_is_marked_as_transient_is_worth_another_try():
    assert is_worth_another_try(ScrapeFailed(Reason.DECODE_ERROR, "x", is_transient=True))


@pytest.mark.parametrize(
    ("status", "worth"),
    [
        (500, True),
        (502, True),
        (503, True),
        (504, True),
        (408, True),
        (425, True),
        (404, False),
        (304, False),
        (400, False),
        (410, False),
        (None, False),
    ],
)
def test_a_status_is_worth_another_try_where_the_server_is_at_fault(status, worth):
    assert is_worth_another_try(ScrapeFailed(Reason.HTTP_STATUS, "x", http_status=status)) is worth


@pytest.mark.parametrize(("attempt", "most"), [(1, 1), (2, 2), (3, 4), (4, 8), (6, 30), (10_000, 30)])
def test_a_wait_doubles_up_to_the_maximum(attempt, most):
    assert POLICY.delay(attempt, None, 1.0) == most
    assert POLICY.delay(attempt, None, 0.5) == most / 2
    assert POLICY.delay(attempt, None, 0.0) == 0.0


def test_where_nothing_is_said_there_are_three_tries_1_to_30_seconds_apart():
    policy = RetryPolicy()
    assert (policy.attempts, policy.delay(1, None, 1.0), policy.delay(10, None, 1.0)) == (3, 1.0, 30.0)


@pytest.mark.parametrize(
    ("retry_after", "wait"), [(0, 0.5), (0.2, 0.5), (7, 7), (30, 30), (31, 30), (86_400, 30), (float("inf"), 30)]
)
def test_what_the_server_asks_for_is_the_least_and_the_maximum_the_most(retry_after, wait):
    assert POLICY.delay(1, retry_after, 0.5) == wait


@given(st.integers(1, 10), delays, delays, st.none() | st.floats(0, 1e6), randoms)
def test_a_wait_is_never_longer_than_the_maximum(attempt, initial, maximum, retry_after, random):
    wait = RetryPolicy(3, initial, maximum).delay(attempt, retry_after, random)
    assert 0.0 <= wait <= maximum.total_seconds()
    assert wait >= min(retry_after or 0.0, maximum.total_seconds())


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", timedelta(0)),
        ("120", 120 * SECOND),
        (" 7\t", 7 * SECOND),
        ("0000000000000000000007", 7 * SECOND),
        ("86399", 86_399 * SECOND),
        ("86400", RETRY_AFTER_MAX),
        ("86401", RETRY_AFTER_MAX),
        ("9" * 5000, RETRY_AFTER_MAX),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30 * SECOND),
        ("Wednesday, 25-Nov-26 12:00:30 GMT", 30 * SECOND),
        ("Wed Nov 25 12:00:30 2026", 30 * SECOND),
        ("Wed, 25 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Wed, 25 Nov 2126 11:00:00 GMT", RETRY_AFTER_MAX),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u0661\u0662", None),
        ("Wed, 99 Nov 2026 12:00:30 GMT", None),
        ("Wed, 25 Nov 2026 12:00:30 +99999999", None),
        ("x" * 5000, None),
    ],
    ids=lambda one: str(one)[:40],
)
def test_a_retry_after_is_seconds_or_a_date(text, wait):
    assert parse_retry_after(text, NOW) == wait


@given(st.text(max_size=70))
def test_any_retry_after_is_read_or_ignored(text):
    wait = parse_retry_after(text, NOW)
    assert wait is None or timedelta(0) <= wait <= RETRY_AFTER_MAX
