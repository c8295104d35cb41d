"""The shortest gap is the one that is found by reading the calendar day by day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.schedule.cron import parse_cron, shortest_gap
from tests.core.schedule.cron.reference import Reading, read
from tests.core.schedule.cron.strategies import expressions

MONTH = timedelta(hours=720)


def gap(*texts: str, below: timedelta = MONTH) -> timedelta | None:
    return shortest_gap([parse_cron(text, "uid") for text in texts], below)


def names_day(reading: Reading, day: date) -> bool:
    return reading.names(datetime.combine(day, time(min(reading.hours), min(reading.minutes))))


def minutes_of_day(reading: Reading) -> set[int]:
    return {hour * 60 + minute for hour in reading.hours for minute in reading.minutes}


def due_minutes(texts: Sequence[str], first: date, last: date) -> Iterator[int]:
    """Yield the first, the last and the closest minutes of each day that is due, in order."""
    readings = [(reading, minutes_of_day(reading)) for reading in map(read, texts)]
    known: dict[tuple[bool, ...], list[int]] = {}
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        named = tuple(names_day(reading, day) for reading, _minutes in readings)
        if named not in known:
            known[named] = sorted(
                set().union(*(part for is_due, (_, part) in zip(named, readings, strict=True) if is_due))
            )
            closest = min(pairwise(known[named]), key=lambda pair: pair[1] - pair[0], default=())
            known[named] = sorted({*known[named][:1], *closest, *known[named][-1:]})
        yield from (ordinal * 1440 + minute for minute in known[named])


@settings(max_examples=60, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=4), st.sampled_from([date(2001, 1, 1), date(2080, 5, 5)]))
def test_the_shortest_gap_is_that_of_all_days_of_28_years_and_more(texts: list[str], first: date) -> None:
    minutes = due_minutes(texts, first, first.replace(year=first.year + 29))
    shortest = timedelta(minutes=min(later - earlier for earlier, later in pairwise(minutes)))
    assert gap(*texts) == (shortest if shortest < MONTH else None)


@pytest.mark.parametrize(
    ("texts", "minutes"),
    [
        (["0 * * 1-6 *", "* * * 7-12 *"], 1),
        (["0 0 * * *", "* * * 12 *"], 1),
        (["59 23 31 12 *", "0 0 1 1 *"], 1),  # over the turn of the year
        (["59 23 29 2 *", "1 0 1 3 *"], 2),  # in leap years only
        (["59 23 28 2 *", "1 0 1 3 *"], 2),  # in the other years
        (["0 1 1 * *", "30 1 1 * *"], 30),
        (["0 12 * * *", "0 12 * * 1"], 1440),  # both at one time
        (["0 0 * * 1", "0 6 * * 4"], 3 * 1440 - 6 * 60 + 12 * 60),
    ],
)
def test_a_gap_that_comes_once_a_year_counts(texts: list[str], minutes: int) -> None:
    assert gap(*texts) == timedelta(minutes=minutes)


def test_a_gap_as_long_as_the_limit_is_none() -> None:
    assert gap("*/15 * * * *", below=timedelta(minutes=15)) is None
    assert gap("*/15 * * * *", below=timedelta(minutes=15, seconds=1)) == timedelta(minutes=15)
    assert gap("0 0 1 1 *") is None


def test_days_that_never_coincide_are_apart() -> None:
    assert gap("0 0 1 * *", "1 0 3 * *", below=timedelta(days=1)) is None
