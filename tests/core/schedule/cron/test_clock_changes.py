"""Debian cron's rule for clock changes (docs/scheduling.md), by examples."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron


def local_times(texts: list[str], zone: str, start: datetime, end: datetime) -> list[str]:
    """Return the due times t with start < t <= end, as the wall clock of the zone shows them."""
    due_times = CronDueTimes(tuple(parse_cron(text, "uid") for text in texts), ZoneInfo(zone))
    found = []
    due = due_times.next_after(start)
    while due is not None and due <= end:
        found.append(due.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z"))
        due = due_times.next_after(due)
    assert due_times.count_between(start, end) == len(found)
    return found


SPRING = (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC))
AUTUMN = (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["30 2 * * *"], ["29 03:00+0200"]),
        (["0 3 * * *"], ["29 03:00+0200"]),
        (["0,30 2 * * *"], ["29 03:00+0200"]),
        (
            ["30 2 * * *", "0 3 * * *", "0 * * * *"],
            ["29 01:00+0100", "29 03:00+0200", "29 04:00+0200", "29 05:00+0200"],
        ),
        (["30 2 * * 0"], ["29 03:00+0200"]),
        (["30 2 * * 1"], []),
        (["*/30 2 * * *"], []),
        (["30 * * * *"], ["29 00:30+0100", "29 01:30+0100", "29 03:30+0200", "29 04:30+0200"]),
        (["30 1-3 * * *"], ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        (["30 */2 * * *"], ["29 00:30+0100", "29 04:30+0200"]),
    ],
    ids=str,
)
def test_a_time_of_day_in_a_gap_runs_once_after_it_and_elapsed_time_skips_it(
    texts: list[str], expected: list[str]
) -> None:
    assert local_times(texts, "Europe/Berlin", *SPRING) == expected


def test_a_time_of_day_in_a_gap_is_past_at_the_instant_after_it() -> None:
    gap, day = datetime(2026, 3, 29, 1, tzinfo=UTC), timedelta(days=1)
    assert local_times(["30 2 * * *"], "Europe/Berlin", gap, gap + day) == ["30 02:30+0200"]
    assert local_times(["30 2 * * *"], "Europe/Berlin", gap - timedelta(microseconds=1), gap) == ["29 03:00+0200"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["30 2 * * *"], ["25 02:30+0200"]),
        (["0 2-3 * * *"], ["25 02:00+0200", "25 03:00+0100"]),
        (["*/30 2 * * *"], ["25 02:00+0200", "25 02:30+0200", "25 02:00+0100", "25 02:30+0100"]),
        (["30 * * * *"], ["25 00:30+0200", "25 01:30+0200", "25 02:30+0200", "25 02:30+0100"]),
        (
            ["30 2 * * *", "?/45 2 * * *"],
            ["25 02:00+0200", "25 02:30+0200", "25 02:45+0200", "25 02:00+0100", "25 02:45+0100"],
        ),
    ],
    ids=str,
)
def test_a_time_of_day_that_comes_twice_runs_once_and_elapsed_time_runs_twice(
    texts: list[str], expected: list[str]
) -> None:
    assert local_times(texts, "Europe/Berlin", *AUTUMN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15 2 * * *", ["05 02:15+1030"]),
        ("45 1 * * *", ["05 01:45+1100"]),
        (
            "*/15 1 * * *",
            ["05 01:00+1100", "05 01:15+1100", "05 01:30+1100", "05 01:45+1100", "05 01:30+1030", "05 01:45+1030"],
        ),
    ],
)
def test_half_an_hour_that_comes_twice_is_told_from_the_half_that_does_not(text: str, expected: list[str]) -> None:
    night = (datetime(2026, 4, 4, 13, tzinfo=UTC), datetime(2026, 4, 4, 17, tzinfo=UTC))
    assert local_times([text], "Australia/Lord_Howe", *night) == expected


def test_midnight_that_does_not_exist_is_run_an_hour_later() -> None:
    night = (datetime(2026, 9, 6, 3, tzinfo=UTC), datetime(2026, 9, 6, 5, tzinfo=UTC))
    assert local_times(["@daily"], "America/Santiago", *night) == ["06 01:00-0300"]
    assert local_times(["0 * * * *"], "America/Santiago", *night) == ["06 01:00-0300", "06 02:00-0300"]


def test_a_day_that_does_not_exist_is_run_as_the_next_begins() -> None:
    night = (datetime(2011, 12, 29, 12, tzinfo=UTC), datetime(2011, 12, 31, 9, tzinfo=UTC))
    assert local_times(["0 12 * * *"], "Pacific/Apia", *night) == ["29 12:00-1000", "31 00:00+1400", "31 12:00+1400"]


def test_a_clock_that_goes_back_past_midnight_runs_neither_day_twice() -> None:
    night = (datetime(2006, 10, 29, 1, tzinfo=UTC), datetime(2006, 10, 29, 5, tzinfo=UTC))
    assert local_times(["30 23 * * *", "@daily"], "America/St_Johns", *night) == ["28 23:30-0230", "29 00:00-0230"]
    assert local_times(["30 * * * *"], "America/St_Johns", *night) == [
        "28 23:30-0230",
        "28 23:30-0330",
        "29 00:30-0330",
        "29 01:30-0330",
    ]


def test_a_clock_that_changes_as_the_year_of_utc_turns_keeps_the_rule() -> None:
    back = (datetime(1964, 12, 31, 20, tzinfo=UTC), datetime(1965, 1, 1, 4, tzinfo=UTC))
    assert local_times(["0 22 * * *"], "Antarctica/Palmer", *back) == ["31 22:00+0000"]
    assert local_times(["*/60 22 * * *"], "Antarctica/Palmer", *back) == ["31 22:00+0000", "31 22:00-0300"]
    forward = (datetime(1968, 12, 31, 20, tzinfo=UTC), datetime(1969, 1, 1, 4, tzinfo=UTC))
    assert local_times(["0 3 * * *"], "Antarctica/Casey", *forward) == ["01 08:00+0800"]
    assert local_times(["*/60 3 * * *"], "Antarctica/Casey", *forward) == []


def test_there_is_no_due_time_beyond_the_calendar() -> None:
    due_times = CronDueTimes((parse_cron("@daily", "uid"),), ZoneInfo("Asia/Kathmandu"))
    end, beginning = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    assert due_times.next_after(end) is None
    assert due_times.latest_until(beginning) is None
    assert due_times.next_after(beginning) is not None
    assert due_times.latest_until(end) is not None
    assert due_times.count_between(end, beginning) == 0


def test_no_expression_has_no_due_time() -> None:
    now = datetime(9990, 1, 1, tzinfo=UTC)
    due_times = CronDueTimes((), ZoneInfo("Etc/UTC"))
    assert due_times.next_after(now) is None
    assert due_times.count_between(now.replace(year=9980), now) == 0
