from math import inf

from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.token_bucket import TokenBucket

SECONDS = st.floats(0.0, 1000.0)


@given(st.floats(0.01, 1000.0), st.floats(0.0, 100.0), st.lists(st.floats(0.0, 10.0), max_size=60))
def test_a_bucket_never_gives_more_than_burst_and_rate(rate: float, burst: float, pauses: list[float]) -> None:
    bucket, now, given_ = TokenBucket(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        while bucket.take(now):
            given_ += 1
    assert given_ <= max(1.0, burst) + rate * now + 1e-3


@given(st.floats(0.01, 1000.0), SECONDS)
def test_a_bucket_has_a_token_when_it_says_so(rate: float, start: float) -> None:
    bucket = TokenBucket(rate, 2 * rate)
    for _ in range(50):
        start = bucket.ready_at(start)
        assert bucket.take(start)


def test_a_monotonic_clock_that_is_read_out_of_order_does_no_harm() -> None:
    bucket = TokenBucket(1.0, 1.0)
    assert bucket.take(10.0)
    assert not bucket.take(5.0)
    assert not bucket.take(10.5)
    assert bucket.take(11.0)


def test_at_one_instant_there_are_no_more_tokens_than_the_burst_whatever_the_rate_is() -> None:
    bucket = TokenBucket(inf, 2.0)
    assert [bucket.take(5.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(5.1) for _ in range(3)] == [True, True, False]


def test_a_billionth_less_than_a_token_is_one() -> None:
    whole, short = TokenBucket(1.0 - 1e-9, 1.0), TokenBucket(1.0 - 3e-9, 1.0)
    assert whole.take(0.0)
    assert short.take(0.0)
    assert (whole.ready_at(1.0), whole.take(1.0)) == (1.0, True)
    assert (short.ready_at(1.0) > 1.0, short.take(1.0)) == (True, False)


def test_a_token_that_is_put_back_can_be_taken_again_and_no_more() -> None:
    bucket = TokenBucket(1.0, 2.0)
    assert bucket.take(0.0)
    bucket.put_back()
    bucket.put_back()
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
