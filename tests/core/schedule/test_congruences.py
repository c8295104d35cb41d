from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.schedule.congruences import first_multiple_within


@given(modulus=st.integers(1, 300), data=st.data())
def test_it_is_the_first_multiple_that_counting_finds(modulus: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(0, modulus - 1))
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, modulus - 1)] * 2)))
    counted = next((k for k in range(modulus) if low <= k * step % modulus <= high), None)
    assert first_multiple_within(step, modulus, low, high) == counted


def test_large_numbers_take_no_time() -> None:
    week = 604_800_000_000
    assert first_multiple_within(week - 1, week, 1, 1) == week - 1
