"""The rules of budgets of days: portions, days, and a ledger that never spends more than a limit."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.net.day_budgets import (
    DayDemand,
    DayGrant,
    DayLedger,
    DayLimit,
    Unit,
    UsedUp,
    day_end,
    grant,
    utc_day,
)

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
TODAY = NOON.date()


def limit_of(limit: int, unit: Unit = Unit.REQUESTS) -> DayLimit:
    return DayLimit("ScrapePolicy/default/shop", "ScrapePolicy shop", unit, limit)


@pytest.mark.parametrize(
    ("limit", "unit", "portion"),
    [
        (1, Unit.REQUESTS, 1),
        (99, Unit.REQUESTS, 1),
        (1_000, Unit.REQUESTS, 10),
        (100_000, Unit.REQUESTS, 1_000),
        (1_000_000_000, Unit.REQUESTS, 1_000),
        (1_024, Unit.BYTES, 1_024),
        (2**20, Unit.BYTES, 2**16),
        (10 * 2**30, Unit.BYTES, 2**24),
    ],
)
def test_a_portion_is_a_hundredth_within_bounds(limit: int, unit: Unit, portion: int) -> None:
    assert limit_of(limit, unit).portion == portion


def test_a_day_is_one_of_utc() -> None:
    there = timezone(timedelta(hours=-5))
    late = datetime(2026, 11, 29, 23, 30, tzinfo=there)
    assert (utc_day(late), day_end(late)) == (date(2026, 11, 30), datetime(2026, 12, 1, tzinfo=UTC))
    midnight = datetime(2026, 11, 30, tzinfo=UTC)
    assert utc_day(midnight - timedelta(microseconds=1)) == TODAY
    assert (utc_day(midnight), day_end(NOON), day_end(midnight)) == (
        date(2026, 11, 30),
        midnight,
        datetime(2026, 12, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("unit", "what"),
    [(Unit.REQUESTS, "1000 requests of a day"), (Unit.BYTES, "1000 bytes of a day")],
)
def test_a_message_names_policy_number_field_and_reset(unit: Unit, what: str) -> None:
    message = UsedUp(limit_of(1_000, unit), day_end(NOON)).message
    assert what in message
    assert "ScrapePolicy shop (ceilings." in message
    assert "until 2026-11-30T00:00:00Z" in message


def test_nothing_is_spent_before_the_database_was_asked() -> None:
    ledger = DayLedger(TODAY)
    assert not ledger.take(1, 10)
    assert not ledger.take(0, 10)
    assert not ledger.is_used_up(10)
    assert ledger.left(10) == 10
    ledger.learn(10)
    assert ledger.is_used_up(10)
    assert not ledger.is_used_up(11)


def test_a_limit_that_is_raised_or_lowered_counts_at_once() -> None:
    ledger = DayLedger(TODAY)
    ledger.add(DayGrant(5, 10))
    assert ledger.take(1, 10)
    assert (ledger.left(10), ledger.left(7), ledger.left(6), ledger.left(100)) == (4, 1, 0, 94)
    assert not ledger.take(1, 6)
    assert ledger.is_used_up(6)
    assert ledger.take(1, 7)


def test_what_is_given_back_may_be_spent() -> None:
    ledger = DayLedger(TODAY)
    ledger.add(DayGrant(1, 10))
    assert ledger.take(1, 10)
    assert ledger.is_used_up(10)
    ledger.give_back(1)
    assert ledger.take(0, 10)
    assert ledger.take(1, 10)


def test_what_arrives_beyond_the_limit_uses_it_up() -> None:
    ledger = DayLedger(TODAY)
    ledger.add(DayGrant(100, 100))
    assert not ledger.take(101, 100)
    ledger.take_rest()
    assert ledger.is_used_up(100)


@settings(max_examples=200)
@given(
    limit=st.integers(1, 60),
    steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["spend", "fail", "crash", "stop"])), max_size=150),
)
def test_processes_that_crash_and_restart_never_spend_more_than_the_limit(
    limit: int, steps: list[tuple[int, str]]
) -> None:
    """Three processes spend, give back what was not sent, crash, or stop in order, in any sequence."""
    budget, counted, sent = limit_of(limit), 0, 0
    ledgers = [DayLedger(TODAY) for _ in range(3)]
    for number, step in steps:
        ledger = ledgers[number]
        if step == "crash":
            ledgers[number] = DayLedger(TODAY)
        elif step == "stop":
            counted -= ledger.reserved
            ledgers[number] = DayLedger(TODAY)
            ledgers[number].learn(counted)
        else:
            if not ledger.take(1, limit):
                got = grant(counted, DayDemand(budget, TODAY, budget.portion))
                counted = got.counted
                ledger.add(got)
                if not ledger.take(1, limit):
                    continue
            if step == "spend":
                sent += 1
            else:
                ledger.give_back(1)
    assert sent <= limit
    assert sent <= counted <= limit
