"""Clock changes are found where the tz database has them."""

import struct
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule.instants import FIRST_YEAR, LAST_YEAR
from scrape_operator.core.schedule.offset_periods import OffsetPeriod, offset_periods, periods_from, periods_until

NAMES = files("tzdata").joinpath("zones").read_text("ascii").split()


def transitions(name: str) -> list[int]:
    """Read the instants at which a zone's offset changes from its TZif file (RFC 9636, version 2 block)."""
    data = files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()
    utc, std, leap, times, types, chars = struct.unpack(">6l", data[20:44])
    start = 44 + times * 5 + types * 6 + chars + leap * 8 + std + utc
    times, types = struct.unpack(">2l", data[start + 32 : start + 40])
    start += 44
    instants = struct.unpack(f">{times}q", data[start : start + 8 * times])
    indices = data[start + 8 * times : start + 9 * times]
    table = start + 9 * times
    offsets = [struct.unpack(">l", data[table + 6 * index : table + 6 * index + 4])[0] for index in range(types)]
    found, before = [], offsets[0]
    for instant, index in zip(instants, indices, strict=True):
        if offsets[index] != before:
            found.append(instant)
        before = offsets[index]
    return found


def states_a_rule(name: str) -> bool:
    """Whether the file ends with a rule for later years, in place of a list (RFC 9636, section 3.3)."""
    return b"," in files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes().splitlines()[-1]


def bundled(name: str) -> ZoneInfo:
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def second(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def test_no_zone_changes_its_clock_twice_within_six_days() -> None:
    steps = [after - before for name in NAMES for before, after in pairwise(transitions(name))]
    assert min(steps) > 6 * 86_400


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "America/St_Johns",
        "Pacific/Apia",
        "Africa/Monrovia",
        "Asia/Kathmandu",
        "Asia/Pyongyang",
    ],
)
def test_every_clock_change_of_a_zone_is_found(name: str) -> None:
    zone, known = bundled(name), transitions(name)
    years = range(1970, datetime.fromtimestamp(max(known), UTC).year) if states_a_rule(name) else range(1970, 2038)
    for year in years:
        begins = {
            stretch.start for before, stretch in pairwise(offset_periods(zone, year)) if stretch.offset != before.offset
        }
        assert begins == {instant for instant in known if second(year) < instant < second(year + 1)}


@pytest.mark.parametrize("year", [1972, 1995, 2011, 2026, 2027])
def test_the_stretches_of_a_year_have_no_hole(year: int) -> None:
    for name in NAMES[::7]:
        stretches = offset_periods(bundled(name), year)
        assert stretches[0].start == second(year)
        assert stretches[-1].end == second(year + 1)
        assert all(before.end == after.start for before, after in pairwise(stretches))


def test_a_doubled_hour_is_repeated_and_a_lost_one_skipped() -> None:
    berlin = offset_periods(ZoneInfo("Europe/Berlin"), 2026)
    spring, autumn, again = 1774746000, 1792890000, 1792893600
    assert berlin == (
        OffsetPeriod(second(2026), spring, 3600),
        OffsetPeriod(spring, autumn, 7200, skipped=3600),
        OffsetPeriod(autumn, again, 3600, is_repeated=True),
        OffsetPeriod(again, second(2027), 3600),
    )


def test_periods_from_or_until_a_clock_change_begin_with_the_one_after_it() -> None:
    berlin, spring = ZoneInfo("Europe/Berlin"), 1774746000
    assert [next(periods(berlin, spring)).start for periods in (periods_from, periods_until)] == [spring, spring]
    assert next(periods_from(berlin, spring - 1)).end == next(periods_until(berlin, spring - 1)).end == spring


def test_a_clock_that_changes_as_the_year_of_utc_turns_leaves_no_empty_period() -> None:
    (year,) = offset_periods(ZoneInfo("Antarctica/Casey"), 1969)[:1]
    assert (year.start, year.offset, year.skipped) == (second(1969), 8 * 3600, 8 * 3600)


@pytest.mark.parametrize(
    ("year", "years", "expected"),
    [
        (2026, 1, [2026]),
        (2026, 3, [2026, 2027, 2028]),
        (LAST_YEAR - 2, LAST_YEAR, [LAST_YEAR - 2, LAST_YEAR - 1, LAST_YEAR]),
        (LAST_YEAR, 1, [LAST_YEAR]),
    ],
)
def test_periods_from_an_instant_go_on_for_some_years_or_to_the_last(
    year: int, years: int, expected: list[int]
) -> None:
    zone = ZoneInfo("Etc/UTC")
    found = list(periods_from(zone, second(year), years))
    assert [(period.start, period.end) for period in found] == [(second(year), second(year + 1)) for year in expected]


def test_periods_until_an_instant_go_back_to_the_first_year() -> None:
    found = list(periods_until(ZoneInfo("Etc/UTC"), second(FIRST_YEAR + 1)))
    assert [period.start for period in found] == [second(FIRST_YEAR + 1), second(FIRST_YEAR)]
