"""Due times around the last minute of a day, where one day's minutes end and the next one's begin."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron

MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize("seconds", [*range(-150, 151, 30), -61, -59, -1, 1, 59, 61])
def test_each_minute_around_midnight_is_due_once(seconds: int) -> None:
    due_times = CronDueTimes((parse_cron("* * * * *", "uid"),), ZoneInfo("Etc/UTC"))
    now = MIDNIGHT + seconds * SECOND
    minute = now.replace(second=0)
    assert (due_times.latest_until(now), due_times.next_after(now)) == (minute, minute + MINUTE)
    assert due_times.count_between(now - 10 * MINUTE, now) == 10
