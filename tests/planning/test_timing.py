"""From the "when" of an object to its plan."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrape_operator.core.durations import format_duration
from scrape_operator.core.net.deadline import TIMEOUT_FIELD
from scrape_operator.core.schedule.due_times import stable_offset
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.planning.schedule import compile_schedule, validate
from scrape_operator.planning.timing import DEFAULT_TIMEOUT_MAX, DEFAULT_TIMEOUT_SHARE
from tests.api.building import changed

UID = "6f2a8a6e-63f7-4f3c-9a55-0d3c5b1f7a10"
MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan_of(spec: Mapping[str, Any], uid: str = UID) -> SchedulePlan:
    obj = changed(spec)
    obj["metadata"] |= {"uid": uid, "generation": 1}
    return compile_schedule(obj, timedelta(minutes=5))


def due_times(plan: SchedulePlan, count: int, after: datetime = MIDNIGHT) -> list[str]:
    assert plan.due_times is not None
    found = []
    for _ in range(count):
        after = plan.due_times.next_after(after) or pytest.fail("no due time")
        found.append(f"{after:%m-%dT%H:%M}")
    return found


def test_without_interval_and_schedules_the_operators_own_interval_counts() -> None:
    plan = plan_of({})
    assert (plan.schedule_text, plan.timeout) == ("5m", timedelta(minutes=4, seconds=30))
    assert plan.offset == stable_offset(UID, timedelta(minutes=5))


def test_messages_name_the_default_of_the_timeout() -> None:
    assert f"where absent {DEFAULT_TIMEOUT_SHARE:.0%}".replace("%", " %") in TIMEOUT_FIELD
    assert TIMEOUT_FIELD.endswith(f"at most {format_duration(DEFAULT_TIMEOUT_MAX)}")


def test_without_spread_an_interval_is_aligned_to_the_epoch() -> None:
    plan = plan_of({"interval": "20m", "spread": "None"})
    assert due_times(plan, 3) == ["03-29T00:20", "03-29T00:40", "03-29T01:00"]
    assert plan.offset == timedelta(0)


def test_a_cron_schedule_waits_for_its_time_in_its_zone() -> None:
    plan = plan_of({"schedules": ["30 2 * * *", "0 9 * * mon-fri"], "timeZone": "Europe/Berlin"})
    assert due_times(plan, 3) == ["03-29T01:00", "03-30T00:30", "03-30T07:00"]  # the 29th has no half past two
    assert plan.schedule_text == "30 2 * * *; 0 9 * * mon-fri"
    assert (plan.first_run_at_once, plan.offset, plan.timeout) == (False, timedelta(0), timedelta(minutes=10))


def test_h_is_the_same_for_a_uid_and_differs_between_them() -> None:
    assert due_times(plan_of({"schedules": ["H H * * *"]}), 3) == due_times(plan_of({"schedules": ["H H * * *"]}), 3)
    times = {tuple(due_times(plan_of({"schedules": ["H H * * *"]}, uid=f"uid-{n}"), 1)) for n in range(20)}
    assert len(times) > 15


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        pytest.param("0 0 9 * * *", "seconds are not read", id="six fields"),
        pytest.param("@every 5m", "use interval", id="every"),
        pytest.param("@reboot", "name a time", id="reboot"),
        pytest.param("0 0 31 2 *", "never comes", id="31 February"),
        pytest.param("0 0 L * *", "write the days as numbers", id="last day"),
        pytest.param("TZ=UTC 0 0 * * *", "set timeZone", id="zone"),
        pytest.param("61 * * * *", "not within 0 to 59", id="out of range"),
    ],
)
def test_a_wrong_expression_stalls_the_schedule_naming_its_place_and_the_remedy(text: str, remedy: str) -> None:
    plan = plan_of({"schedules": ["@hourly", text]})
    assert plan.is_stalled
    assert plan.due_times is None
    assert [finding.path for finding in plan.findings] == ["spec.schedules[1]"]
    assert remedy in plan.findings[0].message
    assert validate(changed({"schedules": ["@hourly", text]})) == plan.findings
    assert plan.schedule_text == f"@hourly; {text}"


def test_bounds_and_windows_are_laid_over_the_due_times() -> None:
    plan = plan_of(
        {
            "schedules": ["0 * * * *"],
            "timeZone": "Europe/Berlin",
            "startTime": "2026-03-29T03:00:00Z",
            "endTime": "2026-03-29T05:00:00Z",
            "windows": [{"mode": "Allow", "days": ["Sun"], "from": "06:00", "to": "07:00"}],
        }
    )
    assert due_times(plan, 3) == ["03-29T03:00", "03-29T04:00", "03-29T05:00"]
    assert [hour for hour in range(24) if plan.windows.allows(MIDNIGHT + hour * HOUR)] == [4]
    assert (plan.start_time, plan.end_time) == (MIDNIGHT + 3 * HOUR, MIDNIGHT + 5 * HOUR)


def test_policies_come_as_they_are_written() -> None:
    policies = {"concurrencyPolicy": "Replace", "missedRunPolicy": "Skip", "suspendAfterFailures": 3}
    plan = plan_of(policies | {"startingDeadlineSeconds": 7})
    assert (plan.concurrency_policy, plan.missed_run_policy) == ("Replace", "Skip")
    assert (plan.suspend_after_failures, plan.starting_deadline) == (3, timedelta(seconds=7))
