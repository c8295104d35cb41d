from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.times import Precision, rfc3339

AT = datetime(26, 3, 1, 1, 2, 3, 450_999, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("precision", "text"),
    [
        ("seconds", "0026-02-28T23:02:03Z"),
        ("milliseconds", "0026-02-28T23:02:03.450Z"),
        ("microseconds", "0026-02-28T23:02:03.450999Z"),
        ("shortest", "0026-02-28T23:02:03.450999Z"),
    ],
)
def test_an_instant_is_written_in_utc(precision: Precision, text: str) -> None:
    assert rfc3339(AT, precision) == text


@pytest.mark.parametrize(("microsecond", "text"), [(0, "00Z"), (500_000, "00.500Z"), (1, "00.000001Z")])
def test_the_shortest_text_has_no_needless_digits(microsecond: int, text: str) -> None:
    assert rfc3339(datetime(2026, 11, 25, 12, 0, 0, microsecond, UTC), "shortest").endswith(f":{text}")


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_shortest_text_keeps_the_instant(at: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(at, "shortest")) == at
