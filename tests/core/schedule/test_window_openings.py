from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.schedule.window_openings import next_opening
from scrape_operator.core.schedule.windows import DAYS, Windows, parse_window
from tests.core.schedule.cron.strategies import changes

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
ALL_DAY = parse_window("Deny", (), "00:00", "24:00")


def windows(*specs: tuple[str, str, str], zone: ZoneInfo = BERLIN, days: tuple[str, ...] = ()) -> Windows:
    return Windows(tuple(parse_window(mode, days, start, end) for mode, start, end in specs), zone)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param("2026-03-28T12:00:30", "2026-03-28T12:00:30", id="inside"),
        pytest.param("2026-03-28T17:00:00", "2026-03-29T06:00:00", id="over a night in which the clock goes forward"),
        pytest.param("2026-10-24T16:00:00", "2026-10-25T07:00:00", id="over a night in which the clock goes back"),
        pytest.param("2026-12-31T17:00:00", "2027-01-01T07:00:00", id="over the turn of the year"),
    ],
)
def test_a_window_opens_at_its_wall_time(at: str, expected: str) -> None:
    instants = [datetime.fromisoformat(f"{text}+00:00") for text in (at, expected)]
    assert next_opening(windows(("Allow", "08:00", "18:00")), instants[0]) == instants[1]


@pytest.mark.parametrize("minute", [0, 15])
def test_a_window_that_lies_in_a_gap_does_not_open_that_day(minute: int) -> None:
    night = windows(("Allow", f"02:{minute:02}", "02:45"))
    assert next_opening(night, datetime(2026, 3, 29, tzinfo=UTC)) == datetime(2026, 3, 30, 0, minute, tzinfo=UTC)


def test_windows_that_allow_nothing_never_open() -> None:
    closed = Windows((parse_window("Allow", (), "08:00", "18:00"), ALL_DAY), BERLIN)
    assert next_opening(closed, datetime(2026, 3, 29, tzinfo=UTC)) is None


def test_no_window_opens_later_than_due_times_can_be() -> None:
    last = datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert next_opening(windows(), last) == last
    assert next_opening(windows(), last + timedelta(microseconds=1)) is None


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
specs = st.tuples(
    st.sampled_from(["Allow", "Deny"]), st.lists(st.sampled_from(DAYS), max_size=3, unique=True), clocks, clocks
).filter(lambda spec: spec[2] != spec[3])


@given(change=changes(), drawn=st.lists(specs, max_size=4), before=st.integers(0, 3 * 86_400))
def test_it_is_the_first_allowed_minute_that_a_walk_would_find(
    change: tuple[ZoneInfo, datetime], drawn: list[tuple[str, list[str], str, str]], before: int
) -> None:
    zone, day = change
    found_in = Windows(tuple(parse_window(mode, days, start, end) for mode, days, start, end in drawn), zone)
    instant = day + timedelta(days=1, seconds=-before)
    minute = instant.replace(second=0)
    walked = instant if found_in.allows(instant) else None
    for _ in range(8 * 1_440):
        if walked is not None:
            break
        minute += MINUTE
        walked = minute if found_in.allows(minute) else None
    found = next_opening(found_in, instant)
    assert found == walked or (walked is None and (found is None or found > minute))
