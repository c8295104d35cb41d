"""A lease is over if it stays as it is for longer than its term."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from scrape_operator.core.runs.leases import Lease, LeaseWatch

START = datetime(2026, 11, 29, tzinfo=UTC)


def lease(number: int, renewals: int = 0) -> Lease:
    return Lease(UUID(int=number), "replica-1", START + timedelta(seconds=renewals))


def test_a_lease_that_stays_for_longer_than_its_term_is_over() -> None:
    watch = LeaseWatch(timedelta(seconds=15))
    assert watch.expired([lease(1)], 100.0) == []
    assert watch.expired([lease(1), lease(2)], 115.0) == []
    assert watch.expired([lease(1), lease(2)], 115.1) == [lease(1)]


def test_a_renewal_begins_the_term_anew() -> None:
    watch = LeaseWatch(timedelta(seconds=15))
    watch.expired([lease(1)], 100.0)
    assert watch.expired([lease(1, renewals=1)], 120.0) == []
    assert watch.expired([lease(1, renewals=1)], 136.0) == [lease(1, renewals=1)]


def test_a_row_that_was_away_begins_anew() -> None:
    watch = LeaseWatch(timedelta(seconds=15))
    watch.expired([lease(1)], 100.0)
    watch.expired([], 110.0)
    assert watch.expired([lease(1)], 120.0) == []
