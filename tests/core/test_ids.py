"""Run identifiers."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.ids import uuid7


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_an_identifier_is_of_version_7_and_begins_with_its_time(at: datetime) -> None:
    made = uuid7(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_identifiers_of_one_instant_differ() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({uuid7(now) for _ in range(3_000)}) == 3_000
