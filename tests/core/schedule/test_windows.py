"""Windows: when a run may start, by what the wall clock shows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.windows import DAYS, Windows, parse_window
from tests.core.schedule.cron import reference
from tests.core.schedule.cron.strategies import changes

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY: Sequence[str] = ()

clocks = st.one_of(
    st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59])), st.just("24:00")
)
specs = st.tuples(
    st.sampled_from(["Allow", "Deny"]), st.lists(st.sampled_from(DAYS), max_size=7), clocks, clocks
).filter(lambda spec: spec[2] != spec[3] and spec[2:] != ("24:00", "00:00"))


def allows(spec: list[tuple[str, Sequence[str], str, str]], local: str, zone: ZoneInfo = BERLIN) -> bool:
    windows = Windows(tuple(parse_window(*one) for one in spec), zone)
    return windows.allows(datetime.fromisoformat(local).replace(tzinfo=zone))


@pytest.mark.parametrize(
    ("local", "allowed"),
    [
        ("2026-11-23T07:59:59", False),
        ("2026-11-23T08:00:00", True),
        ("2026-11-23T17:59:59", True),
        ("2026-11-23T18:00:00", False),
        ("2026-11-24T12:00:00", True),
        ("2026-11-25T12:00:00", False),
    ],
)
def test_a_window_begins_with_its_first_minute_and_ends_before_its_last(local: str, *, allowed: bool) -> None:
    assert allows([("Allow", ["Mon", "Tue"], "08:00", "18:00")], local) is allowed


@pytest.mark.parametrize(
    ("local", "allowed"),
    [
        ("2026-11-27T21:59:00", False),
        ("2026-11-27T22:00:00", True),
        ("2026-11-28T00:00:00", True),
        ("2026-11-28T05:59:00", True),
        ("2026-11-28T06:00:00", False),
        ("2026-11-28T22:00:00", False),
        ("2026-11-27T03:00:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_starts_on(local: str, *, allowed: bool) -> None:
    assert allows([("Allow", ["Fri"], "22:00", "06:00")], local) is allowed


def test_a_window_from_sunday_reaches_into_monday() -> None:
    assert allows([("Allow", ["Sun"], "23:00", "01:00")], "2026-11-30T00:30:00")


def test_deny_beats_allow() -> None:
    spec: list[tuple[str, Sequence[str], str, str]] = [
        ("Deny", EVERY_DAY, "12:00", "13:00"),
        ("Allow", EVERY_DAY, "08:00", "18:00"),
    ]
    assert allows(spec, "2026-11-23T11:59:00")
    assert not allows(spec, "2026-11-23T12:30:00")
    assert not allows(spec[::-1], "2026-11-23T12:30:00")
    assert not allows(spec, "2026-11-23T19:00:00")


def test_with_only_deny_windows_all_else_is_allowed() -> None:
    spec: list[tuple[str, Sequence[str], str, str]] = [("Deny", ["Sat", "Sun"], "00:00", "24:00")]
    assert allows(spec, "2026-11-27T23:59:59")
    assert not allows(spec, "2026-11-28T00:00:00")
    assert not allows(spec, "2026-11-29T23:59:59")
    assert allows(spec, "2026-11-30T00:00:00")


def test_without_windows_all_is_allowed() -> None:
    assert allows([], "2026-11-27T23:59:59")


def test_an_hour_that_the_clock_jumps_over_is_in_no_window_and_a_doubled_one_is_in_it_twice() -> None:
    night = Windows((parse_window("Allow", EVERY_DAY, "02:00", "03:00"),), BERLIN)
    spring = [datetime(2026, 3, 29, 0, 30, tzinfo=UTC) + timedelta(hours=hours) for hours in range(3)]
    autumn = [datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(hours=hours) for hours in range(4)]
    assert [night.allows(instant) for instant in spring] == [False, False, False]
    assert [night.allows(instant) for instant in autumn] == [False, True, True, False]


@given(st.lists(specs, max_size=4), changes(), st.timedeltas(timedelta(days=-3), timedelta(days=3)))
def test_windows_allow_what_the_rule_allows(
    spec: list[tuple[str, list[str], str, str]], change: tuple[ZoneInfo, datetime], distance: timedelta
) -> None:
    zone, day = change
    instant = day + distance
    inside = {mode for mode, days, start, end in spec if reference.is_inside(days or DAYS, start, end, instant, zone)}
    has_allow = any(mode == "Allow" for mode, *_ in spec)
    expected = "Deny" not in inside and ("Allow" in inside or not has_allow)
    assert Windows(tuple(parse_window(*one) for one in spec), zone).allows(instant) is expected


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (("Allow", [], "08:00", "08:00"), "from 08:00 to 08:00 is empty: for the whole day write from 00:00 to 24:00"),
        (("Allow", [], "24:00", "00:00"), "is empty"),
        (("Allow", [], "8:00", "18:00"), "from '8:00' is not a time of day: write HH:MM, from 00:00 to 24:00"),
        (("Allow", [], "08:00", "24:01"), "to '24:01' is not a time of day"),
        (("Allow", [], "08:00", "18:60"), "to '18:60' is not a time of day"),
        (("Allow", [], "08:00", "18:00\n"), "is not a time of day"),
        (("Allow", [], "08:00:00", "18:00"), "is not a time of day"),
        (("Allow", [], "\u0660\u0668:00", "18:00"), "is not a time of day"),
        (("Allow", ["Monday"], "08:00", "18:00"), "day 'Monday' is not known: use Mon, Tue"),
        (("Allow", ["mon"], "08:00", "18:00"), "day 'mon' is not known"),
        (("Maybe", [], "08:00", "18:00"), "mode 'Maybe' is not known: use Allow or Deny"),
        (("x" * 17, [], "08:00", "18:00"), "mode 'x{16}' is not known"),
        (("Allow", ["x" * 17], "08:00", "18:00"), "day 'x{16}' is not known"),
        (("Allow", [], "x" * 17, "18:00"), "from 'x{16}' is not a time of day"),
    ],
    ids=str,
)
def test_a_window_that_is_none_is_refused_with_a_remedy(window: tuple[str, list[str], str, str], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse_window(*window)
