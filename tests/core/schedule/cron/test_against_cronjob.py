"""Cron means here what it means to the CronJob controller, but for clock changes.

The other side of the comparison is recorded: `tests/core/recorded` has the program and its answers.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from scrape_operator.core.schedule.instants import EPOCH
from scrape_operator.core.schedule.offset_periods import OffsetPeriod, offset_periods

RECORDED = Path(__file__).parents[2] / "recorded"
ZONES = (RECORDED / "robfig" / "zones.txt").read_text().split()
LOSES_HOURS = {"Australia/Lord_Howe", "Africa/Cairo", "America/Santiago"}
"""Where the library loses or adds due times up to a week after a change: half hours, and days without a midnight."""


@cache
def recording() -> dict[str, Any]:
    with gzip.open(RECORDED / "robfig-2026.json.gz", "rt") as file:
        document: dict[str, Any] = json.load(file)
    return document


def recorded(steps: str, start: datetime) -> Iterator[datetime]:
    due = start
    for run in steps.split():
        minutes, count = map(int, run.split("x"))
        for _ in range(count):
            due += timedelta(minutes=minutes)
            yield due


def ours(due_times: CronDueTimes, start: datetime, end: datetime) -> Iterator[datetime]:
    due = due_times.next_after(start)
    while due is not None and due <= end:
        yield due
        due = due_times.next_after(due)


def stretch_at(zone: ZoneInfo, due: datetime) -> OffsetPeriod:
    second = (due - EPOCH) // timedelta(seconds=1)
    return next(stretch for stretch in offset_periods(zone, due.year) if second < stretch.end)


def is_just_after_a_change(zone: ZoneInfo, due: datetime) -> bool:
    week = [(due - timedelta(days=days)).astimezone(zone).utcoffset() for days in range(9)]
    return any(one != other for one, other in pairwise(week))


@pytest.mark.parametrize("name", ZONES)
def test_a_year_of_due_times_differs_from_cronjob_only_where_the_manual_says_so(name: str) -> None:
    zone = ZoneInfo(name)
    start, end = (datetime.fromisoformat(recording()[key]) for key in ("from", "until"))
    answers = [answer for answer in recording()["answers"] if answer["zone"] == name]
    assert len(answers) >= 200
    for answer in answers:
        expression = parse_cron(answer["expression"], "uid")
        due_times = CronDueTimes((expression,), zone)
        here, there = list(ours(due_times, start, end)), list(recorded(answer["steps"], start))
        assert due_times.count_between(start, end) == len(here)
        if here == there:
            continue
        for due in set(here) ^ set(there):
            stretch = stretch_at(zone, due)
            moved_out_of_a_gap = due in here and stretch.skipped and due == EPOCH + timedelta(seconds=stretch.start)
            second_pass = due in there and stretch.is_repeated
            by_rule = not expression.follows_elapsed_time and (moved_out_of_a_gap or second_pass)
            lost = name in LOSES_HOURS and is_just_after_a_change(zone, due)
            assert by_rule or lost, f"{answer['expression']} in {name} at {due}"
