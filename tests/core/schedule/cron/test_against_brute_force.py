"""Due times are those that a literal reading of the rules gives, minute by minute, where clocks change."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.core.schedule.cron import CronDueTimes, parse_cron
from tests.core.schedule.cron import reference
from tests.core.schedule.cron.strategies import changes, expressions

MOMENT = timedelta(microseconds=1)


def compiled(texts: list[str], zone: ZoneInfo) -> CronDueTimes:
    return CronDueTimes(tuple(parse_cron(text, "uid") for text in texts), zone)


@settings(max_examples=150, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=3), changes(), st.data())
def test_due_times_around_a_clock_change_are_those_of_the_rule(
    texts: list[str], change: tuple[ZoneInfo, datetime], data: st.DataObject
) -> None:
    zone, day = change
    start, end = day - timedelta(days=1), day + timedelta(days=2)
    expected = reference.due_times(texts, zone, start, end)
    due_times = compiled(texts, zone)

    forward = []
    due = due_times.next_after(start - MOMENT)
    while due is not None and due < end:
        forward.append(due)
        due = due_times.next_after(due)
    assert forward == expected

    backward = []
    due = due_times.latest_until(end - MOMENT)
    while due is not None and due >= start:
        backward.append(due)
        due = due_times.latest_until(due - MOMENT)
    assert backward[::-1] == expected

    seconds = st.integers(0, 3 * 86_400 - 1)
    after, until = (start + timedelta(seconds=data.draw(seconds)) for _ in range(2))
    assert due_times.count_between(after, until) == sum(after < due <= until for due in expected)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(expressions(), min_size=1, max_size=4),
    changes(),
    st.timedeltas(timedelta(days=-4_000), timedelta(days=4_000)),
)
def test_the_three_questions_agree_with_each_other(
    texts: list[str], change: tuple[ZoneInfo, datetime], distance: timedelta
) -> None:
    zone, day = change
    now = day + distance
    due_times = compiled(texts, zone)
    following, latest = due_times.next_after(now), due_times.latest_until(now)
    assert following is not None
    assert latest is not None
    assert latest <= now < following
    assert due_times.next_after(latest) == following
    assert due_times.latest_until(following) == following
    assert due_times.latest_until(following - MOMENT) == latest
    assert due_times.count_between(latest, following) == 1
    assert due_times.count_between(latest - MOMENT, following) == 2
    assert due_times.count_between(following, latest) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=3), changes())
def test_a_year_has_as_many_due_times_as_can_be_counted_month_by_month(
    texts: list[str], change: tuple[ZoneInfo, datetime]
) -> None:
    zone, day = change
    due_times = compiled(texts, zone)
    marks = [day + timedelta(days=days) for days in range(-200, 201, 20)]
    parts = [due_times.count_between(after, until) for after, until in pairwise(marks)]
    assert sum(parts) == due_times.count_between(marks[0], marks[-1])
