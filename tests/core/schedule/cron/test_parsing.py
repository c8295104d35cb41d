"""What is read as a cron expression, what is refused, and what the refusal says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.cron import CronDueTimes, CronExpression, parse_cron
from tests.core.schedule.cron import reference
from tests.core.schedule.cron.strategies import expressions

MAX_LENGTH = 128


def minutes_of(expression: CronExpression) -> set[int]:
    """Return the minutes of the hour, of an expression for one hour."""
    return {bit % 60 for bit in range(1_440) if expression.times >> bit & 1}


def values_of(bits: int) -> set[int]:
    return {bit for bit in range(bits.bit_length()) if bits >> bit & 1}


@given(expressions())
def test_every_field_is_read_as_the_rule_says(text: str) -> None:
    expression, reading = parse_cron(text, "uid"), reference.read(text)
    assert values_of(expression.times) == {60 * hour + minute for hour in reading.hours for minute in reading.minutes}
    assert values_of(expression.days) == reading.days
    assert values_of(expression.months) == reading.months
    assert values_of(expression.weekdays) == reading.weekdays
    assert expression.either_day is reading.either_day
    assert expression.follows_elapsed_time is reading.is_elapsed


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("*/20 4 * * *", {0, 20, 40}),
        ("?/20 4 * * *", {0, 20, 40}),
        ("5/20 4 * * *", {5, 25, 45}),
        ("5-30/20 4 * * *", {5, 25}),
        ("*/100 4 * * *", {0}),
        ("07,7,9-8/1,8 4 * * *", None),
        ("07,7,8-9/1 4 * * *", {7, 8, 9}),
    ],
)
def test_lists_ranges_and_steps_are_read_as_in_cronjob(text: str, minutes: set[int] | None) -> None:
    if minutes is None:
        with pytest.raises(InvalidValue, match="backwards"):
            parse_cron(text, "uid")
    else:
        assert minutes_of(parse_cron(text, "uid")) == minutes


@pytest.mark.parametrize(
    ("macro", "text"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("  @daily\t", "0 0 * * *"),
        ("0  0\t* * *", "0 0 * * *"),
        ("0 0 * * *" + " " * 119, "0 0 * * *"),
        ("0 0 * * 7", "0 0 * * SUN"),
        ("0 0 * JAN,Feb MON-fri", "0 0 * 1,2 1-5"),
        ("0 0 ? * ?", "0 0 * * *"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * 0-7", "0 0 * * 0-6"),
        ("0 0 * * 1/2", "0 0 * * 1,3,5"),
    ],
)
def test_two_spellings_mean_the_same(macro: str, text: str) -> None:
    one, other = parse_cron(macro, "uid"), parse_cron(text, "uid")
    assert one.text == macro
    for name in ("times", "days", "months", "weekdays", "either_day", "follows_elapsed_time"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"0 fields: use five fields \(minute, hour, day of month, month, day of week\)$"),
        ("* * * *", "4 fields: use five fields"),
        ("0 */5 * * * *", "6 fields: use five fields .* use interval for less than a minute"),
        ("0 0 0 * * ? 2026", "7 fields: use five fields"),
        ("@every 5m", "@every is not read; use interval instead of schedules"),
        ("@every", "@every is not read"),
        ("@reboot", "@reboot is not read; name a time"),
        ("@Daily", "no macro: use one of @yearly"),
        ("@daily 5", "no macro: use one of"),
        ("TZ=Europe/Berlin 0 2 * * *", "TZ= is not read; set timeZone instead"),
        ("CRON_TZ=Europe/Berlin 0 2 * * *", "TZ= is not read; set timeZone instead"),
        ("0 0 L * *", "day of month 'L': L, W and # are not read"),
        ("0 0 LW * *", "day of month 'LW': L, W and # are not read"),
        ("0 0 L-3 * *", "day of month 'L-3': L, W and # are not read"),
        ("0 0 15W * *", "day of month '15W': L, W and # are not read"),
        ("0 0 * * 5L", "day of week '5L': L, W and # are not read"),
        ("0 0 * * friL", "day of week 'friL': L, W and # are not read"),
        ("0 0 * * 1#2", "day of week '1#2': L, W and # are not read"),
        ("0 0 * * MON#2", "day of week 'MON#2': L, W and # are not read"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 30,31 feb ?", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("0 0 31 4 */1", "never comes"),
        ("60 * * * *", "minute '60': 60 is not within 0 to 59"),
        ("* 24 * * *", "hour '24': 24 is not within 0 to 23"),
        ("* * 0 * *", "day of month '0': 0 is not within 1 to 31"),
        ("* * * 13 *", "month '13': 13 is not within 1 to 12"),
        ("* * * * 8", "day of week '8': 8 is not within 0 to 7"),
        ("50-70 * * * *", "minute '50-70': 70 is not within 0 to 59"),
        ("30-10 * * * *", "minute '30-10': a range must not run backwards; write two ranges"),
        ("* * * * fri-sun", "day of week 'fri-sun': a range must not run backwards"),
        ("*/0 * * * *", r"minute '\*/0': the step must be at least 1"),
        ("H/0 * * * *", "minute 'H/0': the step must be at least 1"),
        ("1,,2 * * * *", "minute: a list must not have an empty part"),
        (", * * * *", "minute: a list must not have an empty part"),
        ("*-5 * * * *", r"minute '\*-5' is not read: write numbers from 0 to 59"),
        ("-5 * * * *", "minute '-5' is not read"),
        ("+5 * * * *", r"minute '\+5' is not read"),
        ("5- * * * *", "minute '5-' is not read"),
        ("1-2-3 * * * *", "minute '1-2-3' is not read"),
        ("*/5/5 * * * *", r"minute '\*/5/5' is not read"),
        ("/5 * * * *", "minute '/5' is not read"),
        ("*5 * * * *", r"minute '\*5' is not read"),
        ("jan * * * *", "minute 'jan' is not read"),
        ("* * * monday *", r"month 'monday' is not read: .* names \(jan to dec\)"),
        ("* * * * jan", r"day of week 'jan' is not read: .* names \(sun to sat\)"),
        ("h * * * *", "minute 'h' is not read: .* or H$"),
        ("H5 * * * *", "minute 'H5' is not read"),
        ("H-5 * * * *", "minute 'H-5' is not read"),
        ("H(5) * * * *", r"minute 'H\(5\)' is not read"),
        ("H(9-5) * * * *", r"minute 'H\(9-5\)': a range must not run backwards"),
        ("H(0-60) * * * *", r"minute 'H\(0-60\)': 60 is not within 0 to 59"),
        ("H/61 * * * *", "minute 'H/61': the step after H must be at most 60"),
        ("H(0-9)/11 * * * *", "the step after H must be at most 10"),
        ("0 0 H(1-31) * *", r"day of month 'H\(1-31\)': H takes values up to 28, a day that every month has"),
        ("0 0 * * H(0-7)", r"day of week 'H\(0-7\)': H takes values up to 6$"),
        ("\u0665 * * * *", "minute '\u0665' is not read"),
        ("0\x00 * * * *", r"minute '0\\x00' is not read"),
        ("0 0 * * *" + " " * 120, "at most 128 characters"),
    ],
    ids=repr,
)
def test_a_refusal_names_the_field_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse_cron(text, "uid")


@pytest.mark.parametrize(
    "text",
    ["0 0 29 2 *", "0 0 31 2 1", "0 0 31 2 */2", "0 0 30,31 1-12 *", "0 0 31 2,3 *", "0 0 */31 2 *", "0 0 28-31 2 *"],
)
def test_rare_times_that_do_come_are_read(text: str) -> None:
    due_times = CronDueTimes((parse_cron(text, "uid"),), ZoneInfo("Etc/UTC"))
    now = datetime(2096, 3, 1, tzinfo=UTC)
    due = due_times.next_after(now)
    assert due is not None
    assert due - now < timedelta(days=366 * 8)


def test_the_29th_of_february_is_found_across_a_century_without_one() -> None:
    due_times = CronDueTimes((parse_cron("0 12 29 2 *", "uid"),), ZoneInfo("Europe/Berlin"))
    assert due_times.next_after(datetime(2096, 3, 1, tzinfo=UTC)) == datetime(2104, 2, 29, 11, tzinfo=UTC)
    assert due_times.latest_until(datetime(2104, 2, 1, tzinfo=UTC)) == datetime(2096, 2, 29, 11, tzinfo=UTC)


@given(st.one_of(st.text(max_size=MAX_LENGTH + 5), st.text("0159*?/-,HLW#()@ jansun", max_size=40)))
def test_any_text_is_an_expression_or_a_refusal(text: str) -> None:
    try:
        expression = parse_cron(text, "uid")
    except InvalidValue:
        return
    assert CronDueTimes((expression,), ZoneInfo("Etc/UTC")).next_after(datetime(2026, 1, 1, tzinfo=UTC)) is not None
