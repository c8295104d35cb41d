"""The status of a ScrapeSchedule as the CRD describes it. `reporting` is its only author.

Typed leaves are what an API server charges for on every write, so there are few, and history is lines of text.
"""

from typing import Annotated

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListMap

Line = Annotated[str, StringConstraints(max_length=1024)]
Instant = Annotated[str, StringConstraints(max_length=64), Bounds(json_schema_extra={"format": "date-time"})]


class Condition(ApiModel):
    """One thing that can be true or not."""

    type: Annotated[str, StringConstraints(max_length=316)]
    """Which condition it is."""

    status: Annotated[
        str, StringConstraints(max_length=16), Bounds(json_schema_extra={"enum": ["True", "False", "Unknown"]})
    ]
    """True, False or Unknown."""

    observed_generation: int = 0
    """The generation of the object that the condition speaks of."""

    last_transition_time: Instant
    """When status changed last."""

    reason: Annotated[str, StringConstraints(max_length=1024)]
    """Why, as one word."""

    message: Line
    """Why, as a sentence."""


class ActiveRun(ApiModel):
    """A run that is going on."""

    run_id: Line | None = Bounds(default=None, alias="runID")
    """The run's id in the database."""

    trigger: Line | None = None
    """scheduled or manual."""

    started_at: Instant | None = None
    """When it was started."""


class Counters(ApiModel):
    """Counters of the schedule's life: neither a restart nor pruning changes them."""

    runs: int | None = None
    """Runs that have ended."""

    consecutive_failures: int | None = None
    """Failed runs in a row."""

    missed: int | None = None
    """Due times that passed while nothing could run."""

    skipped: int | None = None
    """Due times at which nothing was run on purpose."""


class ItemCounts(ApiModel):
    """Items after the last good run."""

    total: int | None = None
    """Items that are there."""

    new: int | None = None
    """Items that the run saw first."""

    changed: int | None = None
    """Items whose fields changed."""

    gone: int | None = None
    """Items that the run missed."""


class FailingTarget(ApiModel):
    """A target that fails."""

    name: Line | None = None
    """The name of the target."""

    reason: Line | None = None
    """Why it fails, as one word."""

    message: Line | None = None
    """Why it fails, as a sentence."""

    since: Instant | None = None
    """Since when it fails for this reason."""


class TargetsStatus(ApiModel):
    """Summary of the targets of the last run."""

    total: int | None = None
    """How many there are."""

    healthy: int | None = None
    """How many neither failed nor broke an expectation in the last run."""

    summary: Line | None = None
    """Healthy and total, such as 2/3."""

    failing: Annotated[tuple[FailingTarget, ...], Bounds(max_length=64)] = ()
    """At most 10 of those that fail, the worst first."""


class ScrapeScheduleStatus(ApiModel):
    """What was seen when statusTime was written; newer truth is in the database and in the metrics."""

    observed_generation: int | None = None
    """The generation of the spec that was taken up; -1 before the first."""

    conditions: Annotated[tuple[Condition, ...], Bounds(max_length=16), ListMap("type")] = ()
    """Ready, Reconciling, Stalled, Scheduled, LastRunSucceeded, TargetsHealthy, DataHealthy, SecretsResolved."""

    schedule: Line | None = None
    """The interval or the cron expressions that are in force."""

    reason: Line | None = None
    """Why the schedule is not Ready, else Suspended, else the reason of DataHealthy=False; absent otherwise."""

    next: Line | None = None
    """When the next run is due, as short text in UTC: the time today, the weekday within a week, else the date."""

    next_schedule_time: Instant | None = None
    """When the next run is due."""

    last_schedule_time: Instant | None = None
    """The due time of the last run that was started."""

    last_successful_time: Instant | None = None
    """When the last good run ended."""

    last_failure_time: Instant | None = None
    """When the last failed run ended."""

    last_change_time: Instant | None = None
    """When items changed last."""

    last_handled_request: Line | None = None
    """The last value of the annotation requested-at that was taken up."""

    offset_seconds: int | None = None
    """The phase of the interval that the object's UID gives, in seconds."""

    owner: Line | None = None
    """The replica that runs the schedule."""

    active: Annotated[tuple[ActiveRun, ...], Bounds(max_length=16)] = ()
    """The runs that are going on."""

    counters: Counters | None = None
    """Failures, missed and skipped due times."""

    items: ItemCounts | None = None
    """Items after the last good run."""

    targets: TargetsStatus | None = None
    """Summary of the targets of the last run."""

    policy: Line | None = None
    """The policy that applied to the last run."""

    history: Annotated[tuple[Line, ...], Bounds(max_length=16)] = ()
    """The last five runs, newest first, one line each."""

    status_time: Instant | None = None
    """When this status was written."""
