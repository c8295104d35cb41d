"""The kind ScrapeSchedule: what users write to have something scraped again and again."""

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
from scrape_operator.core.schedule.plan import ConcurrencyPolicy, MissedRunPolicy

CronExpression = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)]


class KeepBodies(StrEnum):
    """Of which runs the bodies of responses are kept."""

    NEVER = "Never"
    ON_FAILURE = "OnFailure"
    ALWAYS = "Always"


class DataPolicy(StrEnum):
    """What becomes of rows when the object is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class FailurePolicy(ApiModel):
    """When a run counts as failed."""

    min_succeeded_targets: Annotated[int, Integer(1, 64)] = 1
    """How many targets must succeed for the run to be PartiallySucceeded rather than Failed: 1 to the number of
    targets."""


class ScrapeScheduleSpec(ApiModel):
    """What to scrape and when."""

    interval: Annotated[timedelta, GoDuration("1s", "720h")] | None = None
    """How often to run, as a Go duration from 1s to 720h such as 5m. Not together with schedules. With neither, the
    operator's own setting counts (SCRAPE_INTERVAL_MINUTES, 5 minutes)."""

    schedules: Annotated[tuple[CronExpression, ...], Bounds(min_length=1, max_length=16)] = ()
    """Cron expressions with five fields, or macros such as @hourly; H stands for a number that is hashed from the
    object's UID and stays the same. Not together with interval."""

    time_zone: TimeZone = "Etc/UTC"
    """The time zone of schedules, windows and placeholders, by its name in the IANA database."""

    spread: Spread = Spread.STABLE
    """Stable: an interval's phase is hashed from the object's UID, the same after every restart, so that schedules do
    not all run at once. None: it is aligned to the epoch, so that 5m runs at minutes 0, 5, 10."""

    start_time: Annotated[datetime, Instant()] | None = None
    """No run is due before this instant."""

    end_time: Annotated[datetime, Instant()] | None = None
    """No run is due after this instant."""

    windows: Annotated[tuple[Window, ...], Bounds(max_length=32)] = ()
    """Hours in which runs are allowed or denied; a due time outside is a recorded skip."""

    suspend: Flag = False
    """Whether the schedule rests. A run that is asked for by annotation starts all the same."""

    starting_deadline_seconds: Annotated[int, Integer(1, 604_800)] = 60
    """How late a run may start, in seconds; a due time later than this is missed."""

    missed_run_policy: MissedRunPolicy = MissedRunPolicy.RUN_ONCE
    """RunOnce: several missed due times give one run. Skip: they give none."""

    concurrency_policy: ConcurrencyPolicy = ConcurrencyPolicy.FORBID
    """What happens at a due time while a run is going on. Forbid: it is skipped. Replace: the run is canceled and a
    new one starts. Queue: one run waits."""

    timeout: Annotated[timedelta, GoDuration("1s", "24h")] | None = None
    """How long a whole run may take, 1s to 24h and not longer than interval. Default: the interval, but at most 10m."""

    suspend_after_failures: Annotated[int, Integer(0, 1000)] = 0
    """Stop scheduling after so many failed runs in a row; 0 means never."""

    policy_ref: Reference | None = None
    """The ScrapePolicy in this namespace that applies. Default: the one named default, then the ClusterScrapePolicy
    default."""

    failure_policy: FailurePolicy = FailurePolicy()
    """When a run with some failed targets counts as failed."""

    targets: Annotated[tuple[Target, ...], Bounds(min_length=1, max_length=64), ListMap("name")]
    """What is scraped in every run, 1 to 64 targets."""

    successful_runs_history_limit: Annotated[int, Integer(0, 100_000)] = 100
    """How many good runs are kept in the database."""

    failed_runs_history_limit: Annotated[int, Integer(0, 100_000)] = 100
    """How many failed runs are kept in the database."""

    history_max_age: Annotated[timedelta, GoDuration("1h", "87600h")] = timedelta(hours=720)
    """How long runs are kept in the database, 1h to 87600h."""

    keep_bodies: KeepBodies = KeepBodies.NEVER
    """Of which runs the bodies of responses are kept, compressed and capped, to replay an extraction."""

    data_policy: DataPolicy = DataPolicy.RETAIN
    """What becomes of runs and items in the database when this object is deleted."""

    notify: Annotated[tuple[Notify, ...], Bounds(max_length=8), ListMap("name")] = ()
    """Webhooks that are called after runs, at most 8."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.interval) || !has(self.schedules)",
            lambda spec: spec.interval is None or not spec.schedules,
            "may not stand beside schedules: remove one of them",
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
            "must be later than startTime",
            path="endTime",
        ),
        Rule(
            "self.failurePolicy.minSucceededTargets <= size(self.targets)",
            lambda spec: spec.failure_policy.min_succeeded_targets <= len(spec.targets),
            "must not be more than there are targets",
            path="failurePolicy.minSucceededTargets",
        ),
    )


class ScrapeSchedule(ApiModel):
    """Scrapes targets again and again, without pods, and keeps what it finds as rows in SQL."""

    api_version: Literal["scrape-operator.dev/v1alpha1"]
    kind: Literal["ScrapeSchedule"]
    metadata: ObjectMeta
    spec: ScrapeScheduleSpec
