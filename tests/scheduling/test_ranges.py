"""Every time that the schema accepts is computed: one that is too far ahead is never, and no error."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.decision import Start, Wait, decide, decide_request
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.upcoming import upcoming, upcoming_due_times
from scrape_operator.planning.schedule import compile_schedule
from tests.api.building import changed

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WINDOWS: list[dict[str, Any]] = [{"mode": "Allow", "days": ["Wed"], "from": "08:00", "to": "18:00"}]
FAR = ["9999-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59"]
TIMINGS: list[dict[str, Any]] = [{"interval": "1s"}, {"interval": "720h"}, {"schedules": ["30 2 * * *", "*/5 * * * *"]}]

compile_ = partial(compile_schedule, default_interval=timedelta(minutes=5))


def plan_of(spec: dict[str, Any]) -> Any:
    obj = changed(spec)
    obj["metadata"] |= {"uid": "uid", "generation": 1}
    plan = compile_(obj)
    assert not plan.findings
    return plan


@pytest.mark.parametrize("start", FAR)
@pytest.mark.parametrize("timing", TIMINGS, ids=["often", "seldom", "cron"])
@pytest.mark.parametrize("windows", [[], WINDOWS], ids=["always", "windows"])
def test_a_start_that_is_too_far_ahead_is_never(
    start: str, timing: dict[str, Any], windows: list[dict[str, Any]]
) -> None:
    plan, state = plan_of({**timing, "startTime": start, "windows": windows}), ScheduleState(last_slot=NOW)
    assert decide(plan, state, NOW) == Wait(None)
    assert upcoming(plan, state, NOW).run is None
    assert {str(coming.outcome) for coming in upcoming_due_times(plan, ScheduleState(), NOW, 3)} == {"BeforeStartTime"}
    assert decide_request(plan, state, "now", NOW) == Start(Manual("now"), NOW)


EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
YEARS = timedelta(days=730)


def texts(instant: datetime, minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{instant.replace(tzinfo=None).isoformat()}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


spans = st.timedeltas(timedelta(0), YEARS)
edges = st.one_of(st.datetimes(), spans.map(lambda after: EARLIEST + after), spans.map(lambda before: LATEST - before))
instants = st.builds(texts, edges, st.integers(-1_439, 1_439))


@settings(deadline=None)
@given(
    timing=st.sampled_from(TIMINGS),
    start=st.none() | instants,
    end=st.none() | instants,
    windows=st.sampled_from([[], WINDOWS]),
    zone=st.sampled_from(["Etc/UTC", "Pacific/Kiritimati", "America/New_York", "Pacific/Pago_Pago"]),
    seen=st.none() | st.just(NOW),
)
def test_no_bounds_are_an_error(
    timing: dict[str, Any], start: str | None, end: str | None, windows: list[dict[str, Any]], zone: str, seen: Any
) -> None:
    spec = {**timing, "windows": windows, "timeZone": zone}
    if start is not None and end is not None and datetime.fromisoformat(start) >= datetime.fromisoformat(end):
        start, end = end, start
        if start == end:
            return
    spec |= {name: text for name, text in (("startTime", start), ("endTime", end)) if text is not None}
    plan, state = plan_of(spec), ScheduleState(last_slot=seen)
    decide(plan, state, NOW)
    coming = upcoming(plan, state, NOW)
    assert coming.run is None or coming.run >= NOW
    list(upcoming_due_times(plan, ScheduleState(), NOW, 3))
