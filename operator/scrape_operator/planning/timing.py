"""The "when" of a spec, compiled: due times in their zone and within their bounds. Called by `compiling`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from scrape_operator.api.kinds.schedule import ScrapeScheduleSpec
from scrape_operator.api.kinds.when import Spread
from scrape_operator.core.durations import format_duration
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.schedule.bounds import BoundedDueTimes
from scrape_operator.core.schedule.cron import CronDueTimes, CronExpression, parse_cron
from scrape_operator.core.schedule.due_times import DueTimes, IntervalDueTimes, stable_offset
from scrape_operator.core.schedule.time_zones import time_zone
from scrape_operator.core.schedule.windows import Windows, parse_window

DEFAULT_TIMEOUT_MAX = timedelta(minutes=10)
DEFAULT_TIMEOUT_SHARE = 0.9
"""The default of `timeout` is this share of the interval: a run that times out has ended before the next due time."""

EXPRESSION_SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule is due: every `interval`, or by `expressions` where it is None.

    `text` is what people read in the SCHEDULE column.
    """

    due_times: DueTimes
    text: str
    offset: timedelta
    timeout: timedelta
    first_run_at_once: bool
    interval: timedelta | None = None
    expressions: tuple[CronExpression, ...] = ()


def check_timing(spec: ScrapeScheduleSpec, uid: str) -> Sequence[Finding]:
    """Return what is wrong with the cron expressions of a spec."""
    findings = []
    for index, text in enumerate(spec.schedules):
        try:
            parse_cron(text, uid)
        except InvalidValue as error:
            findings.append(Finding(f"spec.schedules[{index}]", str(error)))
    return findings


def compile_timing(spec: ScrapeScheduleSpec, uid: str, default_interval: timedelta) -> Timing:
    """Compile a spec without findings.

    Raises:
        InvalidValue: a cron expression is wrong; `check_timing` finds it beforehand.

    """
    if spec.schedules:
        return _cron(spec, tuple(parse_cron(text, uid) for text in spec.schedules))
    interval = spec.interval or default_interval
    offset = stable_offset(uid, interval) if spec.spread is Spread.STABLE else timedelta(0)
    return Timing(
        _within_bounds(spec, IntervalDueTimes(interval, offset)),
        text=format_duration(interval),
        offset=offset,
        timeout=spec.timeout or min(interval * DEFAULT_TIMEOUT_SHARE, DEFAULT_TIMEOUT_MAX),
        first_run_at_once=True,
        interval=interval,
    )


def _cron(spec: ScrapeScheduleSpec, expressions: tuple[CronExpression, ...]) -> Timing:
    return Timing(
        _within_bounds(spec, CronDueTimes(expressions, time_zone(spec.time_zone))),
        text=schedule_text(spec),
        offset=timedelta(0),
        timeout=spec.timeout or DEFAULT_TIMEOUT_MAX,
        first_run_at_once=False,
        expressions=expressions,
    )


def _within_bounds(spec: ScrapeScheduleSpec, due_times: DueTimes) -> DueTimes:
    if spec.start_time is None and spec.end_time is None:
        return due_times
    return BoundedDueTimes(due_times, spec.start_time, spec.end_time)


def compile_windows(spec: ScrapeScheduleSpec) -> Windows:
    """Compile the windows of a spec without findings."""
    windows = (parse_window(window.mode, window.days, window.from_, window.to) for window in spec.windows)
    return Windows(tuple(windows), time_zone(spec.time_zone))


def schedule_text(spec: ScrapeScheduleSpec) -> str:
    """Return the interval or the cron expressions of a spec as a text; empty if it has neither."""
    if spec.schedules:
        return EXPRESSION_SEPARATOR.join(spec.schedules)
    return format_duration(spec.interval) if spec.interval else ""
