"""The kind ScrapeSchedule: what users write to have something scraped on a schedule."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListMap
from scrape_operator.api.kinds.meta import ObjectMeta
from scrape_operator.api.kinds.notify import Notify
from scrape_operator.api.kinds.quantities import GoDuration, Instant, cel_not_longer
from scrape_operator.api.kinds.references import Reference
from scrape_operator.api.kinds.target import Target
from scrape_operator.api.kinds.values import Flag, Integer, TimeZone
from scrape_operator.api.kinds.when import Spread, Window
from scrape_operator.api.rules import Rule
from scrape_operator.core.runs.run import DataPolicy
from scrape_operator.core.schedule.plan import ConcurrencyPolicy, MissedRunPolicy

CronExpression = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]


class KeepBodies(StrEnum):
    """The runs whose response bodies are kept."""

    NEVER = "Never"
    ON_FAILURE = "OnFailure"
    ALWAYS = "Always"


class FailurePolicy(ApiModel):
    """When a run is a failure."""

    min_succeeded_targets: Annotated[int, Integer(1, 64)] = 1
    """The number of targets that must succeed, so that the run is PartiallySucceeded and not Failed. It must not be
    more than the number of targets."""


class ScrapeScheduleSpec(ApiModel):
    """What to scrape, and when."""

    interval: Annotated[timedelta, GoDuration("1s", "720h")] | None = None
    """The time between two runs. Not together with schedules. If neither is set, the operator's setting
    SCRAPE_INTERVAL_MINUTES applies (5 minutes unless changed)."""

    schedules: Annotated[tuple[CronExpression, ...], Bounds(min_length=1, max_length=16)] = ()
    """Cron expressions with five fields, such as "H/15 8-18 * * 1-5", or macros such as @hourly. H is a number that is
    derived from the object's UID and never changes. Not together with interval."""

    time_zone: TimeZone = "Etc/UTC"
    """The time zone of schedules, windows and placeholders: a name of the IANA database, such as Europe/Berlin."""

    spread: Spread = Spread.STABLE
    """Stable: the due times of an interval are offset by a value that is derived from the object's UID and never
    changes. So schedules do not all run at once. None: they are aligned to the Unix epoch, so that 5m is due at
    minutes 0, 5, 10."""

    start_time: Annotated[datetime, Instant()] | None = None
    """No run is due before this time, such as 2026-12-01T00:00:00Z (RFC 3339). Absent: no bound."""

    end_time: Annotated[datetime, Instant()] | None = None
    """No run is due after this time, such as 2027-12-01T00:00:00Z (RFC 3339). Absent: no bound."""

    windows: Annotated[tuple[Window, ...], Bounds(max_length=32)] = ()
    """Hours of the day in which runs are allowed or denied. A due time that is not allowed is skipped and recorded."""

    suspend: Flag = False
    """Whether due times are ignored. A run that is requested by annotation starts all the same."""

    starting_deadline_seconds: Annotated[int, Integer(1, 604_800)] = 60
    """How many seconds after its due time a run may start. After that the due time is missed."""

    missed_run_policy: MissedRunPolicy = MissedRunPolicy.RUN_ONCE
    """What happens after several missed due times. RunOnce: one run starts for all of them. Skip: none starts."""

    concurrency_policy: ConcurrencyPolicy = ConcurrencyPolicy.FORBID
    """What happens at a due time while a run is active. Forbid: the due time is skipped. Replace: the active run is
    canceled and a new one starts. Queue: one run waits for the end of the active one."""

    timeout: Annotated[timedelta, GoDuration("1s", "24h")] | None = None
    """How long a whole run may take. It must not be longer than interval. Absent: 90 % of the interval, but at most
    10m."""

    suspend_after_failures: Annotated[int, Integer(0, 1000)] = 0
    """The number of failed runs in a row after which scheduling stops. 0: it never stops."""

    policy_ref: Reference | None = None
    """The ScrapePolicy of this namespace that applies. Absent: the one named default, if it exists. The
    ClusterScrapePolicy default applies in both cases."""

    failure_policy: FailurePolicy = FailurePolicy()
    """When a run with some failed targets is a failure."""

    targets: Annotated[tuple[Target, ...], Bounds(min_length=1, max_length=64), ListMap("name")]
    """What every run scrapes."""

    successful_runs_history_limit: Annotated[int, Integer(0, 100_000)] = 100
    """The number of successful runs that are kept in the database."""

    failed_runs_history_limit: Annotated[int, Integer(0, 100_000)] = 100
    """The number of failed runs that are kept in the database."""

    history_max_age: Annotated[timedelta, GoDuration("1h", "87600h")] = timedelta(hours=720)
    """How long runs are kept in the database."""

    keep_bodies: KeepBodies = KeepBodies.NEVER
    """The runs whose response bodies are kept in the database, to repeat an extraction, also those of platforms.
    They are compressed and capped: 8 MiB for each target and run, 64 MiB for the schedule."""

    data_policy: DataPolicy = DataPolicy.RETAIN
    """What happens to the runs and items in the database when this object is deleted. Retain: runs are removed after
    historyMaxAge, items stay. Delete: both are removed within minutes."""

    notify: Annotated[tuple[Notify, ...], Bounds(max_length=8), ListMap("name")] = ()
    """Webhooks that receive a message when a run fails or recovers, data breaks an expectation, or items change."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.interval) || !has(self.schedules)",
            lambda spec: spec.interval is None or not spec.schedules,
            "must not be set beside schedules: remove one of them",
            path="interval",
        ),
        Rule(
            cel_not_longer("timeout", "interval"),
            lambda spec: spec.interval is None or spec.timeout is None or spec.timeout <= spec.interval,
            "must not be longer than interval: lower it, or raise the interval",
            path="timeout",
        ),
        Rule(
            "!has(self.startTime) || !has(self.endTime) || self.startTime < self.endTime",
            lambda spec: spec.start_time is None or spec.end_time is None or spec.start_time < spec.end_time,
            "must be later than startTime: correct one of them",
            path="endTime",
        ),
        Rule(
            "self.failurePolicy.minSucceededTargets <= size(self.targets)",
            lambda spec: spec.failure_policy.min_succeeded_targets <= len(spec.targets),
            "must not be more than the number of targets: lower it",
            path="failurePolicy.minSucceededTargets",
        ),
    )


class ScrapeSchedule(ApiModel):
    """Scrapes targets on a schedule, without pods, and stores the items that it finds as rows in SQL."""

    api_version: Literal["scrape-operator.dev/v1alpha1"]
    kind: Literal["ScrapeSchedule"]
    metadata: ObjectMeta
    spec: ScrapeScheduleSpec
