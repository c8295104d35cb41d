"""The next due time inside the windows is found, however far ahead it is, or proved not to be there."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from scrape_operator.core.schedule.due_times import DueTimes, IntervalDueTimes
from scrape_operator.core.schedule.handled import UnhandledDueTimes
from scrape_operator.core.schedule.instants import EPOCH, LAST
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.upcoming import Outcome, upcoming, upcoming_due_times
from scrape_operator.core.schedule.windows import DAYS, Windows, parse_window
from tests.support.schedule_plans import plan

APRIL = datetime(2026, 4, 1, 12, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("Etc/UTC", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca")]
UTC_ZONE, BERLIN = ZONES[:2]
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)

clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
specs = st.tuples(
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.lists(st.sampled_from(DAYS), max_size=3, unique=True),
    clocks,
    clocks,
).filter(lambda spec: spec[2] != spec[3])
instants = st.timedeltas(timedelta(0), timedelta(days=500)).map(lambda later: datetime(2026, 1, 1, tzinfo=UTC) + later)
intervals = st.one_of(
    st.sampled_from([HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY]),
    st.integers(3_600, 720 * 3_600).map(lambda n: n * SECOND),
)


def window(
    *days: str, mode: str = "Allow", start: str = "00:00", end: str = "24:00"
) -> tuple[str, list[str], str, str]:
    return (mode, list(days), start, end)


def windows(zone: ZoneInfo, *drawn: tuple[str, list[str], str, str]) -> Windows:
    return Windows(tuple(parse_window(mode, days, start, end) for mode, days, start, end in drawn), zone)


def cron(text: str, zone: ZoneInfo = BERLIN) -> CronDueTimes:
    return CronDueTimes((parse_cron(text, "uid"),), zone)


def walk(due_times: DueTimes, allowed: Windows, instant: datetime, until: datetime) -> datetime | None:
    due = due_times.next_after(instant)
    while due is not None and due <= until and not allowed.allows(due):
        due = due_times.next_after(due)
    return due


def check(due_times: DueTimes, allowed: Windows, instant: datetime, horizon: timedelta) -> None:
    found, walked = due_times.next_inside(allowed, instant), walk(due_times, allowed, instant, instant + horizon)
    if walked is not None and allowed.allows(walked):
        assert found == walked
    else:
        assert found is None or (found > instant + horizon and allowed.allows(found))


@settings(deadline=None)
@given(
    period=intervals,
    offset=st.integers(0, 3_600_000),
    zone=st.sampled_from(ZONES),
    drawn=st.lists(specs, min_size=1, max_size=3),
    instant=instants,
)
def test_an_interval_meets_its_windows_where_a_walk_does(
    period: timedelta, offset: int, zone: ZoneInfo, drawn: list[tuple[str, list[str], str, str]], instant: datetime
) -> None:
    due_times = IntervalDueTimes(period, timedelta(milliseconds=offset))
    check(due_times, windows(zone, *drawn), instant, min(400 * DAY, 300 * period))


@settings(deadline=None)
@given(
    text=st.sampled_from(
        ["H 3 * * *", "*/20 8-18 * * 1-5", "30 2 * * *", "0 12 1 * *", "15 */2 * * *", "0 0 13 * 5", "59 23 29 2 *"]
    ),
    zone=st.sampled_from(ZONES),
    drawn=st.lists(specs, min_size=1, max_size=3),
    instant=instants,
)
def test_an_expression_meets_its_windows_where_a_walk_does(
    text: str, zone: ZoneInfo, drawn: list[tuple[str, list[str], str, str]], instant: datetime
) -> None:
    check(cron(text, zone), windows(zone, *drawn), instant, 60 * DAY)


@pytest.mark.parametrize(
    ("due_times", "allowed", "expected"),
    [
        pytest.param(
            IntervalDueTimes(DAY),
            windows(BERLIN, window(start="01:00", end="02:00")),
            "2026-10-26T00:00",
            id="by season",
        ),
        pytest.param(
            IntervalDueTimes(7 * DAY),
            windows(BERLIN, window("Thu", start="01:00", end="01:01")),
            "2026-10-29T00:00",
            id="weekly, by season",
        ),
        pytest.param(
            IntervalDueTimes(30 * DAY), windows(ZONES[0], window("Sun")), "2026-10-04T00:00", id="every thirty days"
        ),
        pytest.param(
            IntervalDueTimes(DAY + SECOND),
            windows(ZONES[0], window(start="08:00", end="08:01")),
            "2048-11-07T08:00",
            id="a phase that drifts by a second a day",
        ),
        pytest.param(
            IntervalDueTimes(DAY),
            windows(ZONES[0], window(start="01:00", end="02:00")),
            None,
            id="never, in one season",
        ),
        pytest.param(cron("0 12 29 2 *"), windows(BERLIN, window("Mon")), "2044-02-29T11:00", id="a leap day"),
        pytest.param(
            cron("0 12 29 2 *"),
            windows(BERLIN, window("Mon", start="12:00", end="12:01")),
            "2044-02-29T11:00",
            id="a minute of a leap day",
        ),
        pytest.param(cron("0 12 29 2 *"), windows(BERLIN, window("Mon", mode="Deny")), "2028-02-29T11:00", id="denied"),
        pytest.param(
            cron("30 2 * * *"),
            windows(BERLIN, window(start="03:00", end="03:10")),
            "2027-03-28T01:00",
            id="after a gap",
        ),
        pytest.param(
            cron("30 2 * * *"),
            windows(BERLIN, window(start="03:00", end="03:01")),
            "2027-03-28T01:00",
            id="in the minute after a gap",
        ),
        pytest.param(
            cron("30 2 * * *"),
            windows(BERLIN, window(start="03:01", end="03:10")),
            None,
            id="later than the minute after a gap",
        ),
        pytest.param(
            IntervalDueTimes(30 * DAY, datetime(2026, 10, 25, 1, tzinfo=UTC) - EPOCH),
            windows(BERLIN, window("Sun", start="03:00", end="03:01")),
            "2027-05-23T01:00",
            id="as the clock goes back",
        ),
        pytest.param(
            IntervalDueTimes(30 * DAY, datetime(2026, 10, 25, 1, tzinfo=UTC) - EPOCH),
            windows(BERLIN, window("Sun", start="02:00", end="02:01")),
            "2026-10-25T01:00",
            id="as the clock has gone back",
        ),
        pytest.param(
            IntervalDueTimes(7 * DAY, timedelta(days=3, seconds=59, microseconds=999_999)),
            windows(BERLIN, window("Sun", start="01:00", end="01:01")),
            "2026-11-01T00:00:59.999999",
            id="at the last moment of a window",
        ),
        pytest.param(cron("*/5 8-18 * * *"), windows(BERLIN, window(start="20:00", end="22:00")), None, id="never"),
        pytest.param(cron("0 9 * * 1-5"), windows(BERLIN, window("Sat", "Sun")), None, id="never on these days"),
    ],
)
def test_no_search_ends_too_early(due_times: DueTimes, allowed: Windows, expected: str | None) -> None:
    found = due_times.next_inside(allowed, APRIL)
    assert found == (None if expected is None else datetime.fromisoformat(f"{expected}+00:00"))
    if found is not None:
        before = BoundedDueTimes(due_times, end=found - SECOND)
        assert BoundedDueTimes(due_times, start=APRIL, end=found).next_inside(allowed, APRIL - DAY) == found
        assert before.next_inside(allowed, APRIL) is None
        assert UnhandledDueTimes(due_times, [(APRIL, found - SECOND)]).next_inside(allowed, APRIL) == found
        later = UnhandledDueTimes(due_times, [(APRIL, found)]).next_inside(allowed, APRIL)
        assert later == due_times.next_inside(allowed, found)


@pytest.mark.parametrize(("year", "is_found"), [(2065, True), (2066, False)])
def test_a_search_goes_on_for_forty_years(year: int, *, is_found: bool) -> None:
    monday, far = datetime(2026, 6, 1, tzinfo=UTC), datetime(year, 6, 2, tzinfo=UTC)
    allowed = windows(UTC_ZONE, window(DAYS[far.weekday()]))
    assert not allowed.allows(monday)
    assert IntervalDueTimes(far - monday, monday - EPOCH).next_inside(allowed, APRIL) == (far if is_found else None)


@pytest.mark.parametrize("due_times", [IntervalDueTimes(DAY), cron("0 0 * * *")])
def test_a_search_from_the_end_of_the_calendar_finds_nothing(due_times: DueTimes) -> None:
    assert due_times.next_inside(windows(UTC_ZONE, window("Mon")), LAST) is None


@settings(deadline=None)
@given(
    due_times=st.one_of(
        st.builds(IntervalDueTimes, intervals),
        st.sampled_from(["H 3 * * *", "*/20 8-18 * * 1-5", "0 0 13 * 5"]).map(cron),
    ),
    zone=st.just(BERLIN),
    drawn=st.lists(specs, max_size=3),
    now=instants,
    bounds=st.tuples(st.none() | instants, st.none() | instants),
)
def test_the_forecast_and_the_status_agree(
    due_times: DueTimes,
    zone: ZoneInfo,
    drawn: list[tuple[str, list[str], str, str]],
    now: datetime,
    bounds: tuple[datetime | None, datetime | None],
) -> None:
    start, end = bounds
    if start is not None and end is not None and start >= end:
        start, end = end, None
    made = plan(
        due_times=BoundedDueTimes(due_times, start, end), start_time=start, end_time=end, windows=windows(zone, *drawn)
    )
    coming = upcoming(made, ScheduleState(last_slot=now, last_schedule_time=now), now)
    forecast = list(upcoming_due_times(made, ScheduleState(), now + timedelta(microseconds=1), 50))
    runs = [shown.due for shown in forecast if shown.outcome == Outcome.RUN]
    skipped = [shown.due for shown in forecast if shown.outcome == Reason.SKIPPED_WINDOW]
    assert runs[:1] == ([coming.run] if coming.run in runs else [])
    assert runs or coming.run is None or coming.run > forecast[-1].due
    assert coming.is_outside is (coming.due in skipped) or coming.due not in {shown.due for shown in forecast}
