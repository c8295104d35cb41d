"""Parses cron expressions; a refusal says what to write instead."""

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.schedule.cron.expression import CronExpression
from scrape_operator.core.schedule.cron.fields import DAY_OF_MONTH, FIELDS, is_restricted, read_field

MAX_LENGTH = 128

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_ORDER = "minute, hour, day of month, month, day of week"
_SHORT_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def parse_cron(text: str, uid: str) -> CronExpression:
    """Parse a five-field cron expression or a macro. `H` takes its values from a stable hash of `uid`.

    Raises:
        InvalidValue: the text is none, or names times that never come.

    """
    if len(text) > MAX_LENGTH:
        raise InvalidValue(f"a cron expression must have at most {MAX_LENGTH} characters; split it into several")
    parts = _five_fields(text)
    minutes, hours, days, months, weekdays = (
        read_field(field, part, uid) for field, part in zip(FIELDS, parts, strict=True)
    )
    either_day = is_restricted(parts[2]) and is_restricted(parts[4])
    if not either_day and not _comes(days, months):
        raise InvalidValue(f"{text!r} never comes: none of its months has such a day; name another {DAY_OF_MONTH.name}")
    return CronExpression(
        text=text,
        times=sum(minutes << 60 * hour for hour in range(hours.bit_length()) if hours >> hour & 1),
        days=days,
        months=months,
        weekdays=weekdays,
        either_day=either_day,
        follows_elapsed_time=parts[0].startswith(("*", "?")) or parts[1].startswith(("*", "?")),
    )


def _five_fields(text: str) -> list[str]:
    if "TZ=" in text:
        raise InvalidValue(f"{text!r}: TZ= is not read; set timeZone instead")
    if text.lstrip().startswith("@"):
        return _macro(text).split()
    parts = text.split()
    if len(parts) == len(FIELDS):
        return parts
    seconds = "; seconds are not read, use interval for less than a minute" if len(parts) > len(FIELDS) else ""
    raise InvalidValue(f"{text!r} has {len(parts)} fields: use five fields ({_ORDER}){seconds}")


def _macro(text: str) -> str:
    name = text.strip()
    if name in MACROS:
        return MACROS[name]
    if name.startswith("@every"):
        raise InvalidValue(f"{text!r}: @every is not read; use interval instead of schedules")
    if name == "@reboot":
        raise InvalidValue(f"{text!r}: @reboot is not read; name a time, or use interval, which runs at once when new")
    raise InvalidValue(f"{text!r} is no macro: use one of {', '.join(MACROS)}, or five fields ({_ORDER})")


def _comes(days: int, months: int) -> bool:
    """Return whether any of the months has any of the days; 29 February exists."""
    named = [month for month in range(months.bit_length()) if months >> month & 1]
    return any(days & ~(-1 << _SHORT_MONTHS.get(month, DAY_OF_MONTH.high) + 1) for month in named)
