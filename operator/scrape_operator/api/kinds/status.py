"""The status of a ScrapeSchedule. Only `reporting` writes it.

The API server's cost of a write grows with the number of typed fields. So there are few, and the history is text.
"""

from typing import Annotated

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListMap

Line = Annotated[str, StringConstraints(max_length=1024)]
Instant = Annotated[str, StringConstraints(max_length=64), Bounds(json_schema_extra={"format": "date-time"})]


class Condition(ApiModel):
    """A condition, as Kubernetes defines it."""

    type: Annotated[str, StringConstraints(max_length=316)]
    """The type of the condition, such as Ready."""

    status: Annotated[
        str, StringConstraints(max_length=16), Bounds(json_schema_extra={"enum": ["True", "False", "Unknown"]})
    ]
    """True, False or Unknown."""

    observed_generation: int = 0
    """The generation of the object that the condition is about."""

    last_transition_time: Instant
    """When the status of the condition changed last."""

    reason: Annotated[str, StringConstraints(max_length=1024)]
    """The reason, as one word."""

    message: Line
    """The reason, as a sentence."""


class ActiveRun(ApiModel):
    """An active run."""

    run_id: Line | None = Bounds(default=None, alias="runID")
    """The id of the run in the database."""

    trigger: Line | None = None
    """scheduled or manual."""

    started_at: Instant | None = None
    """When the run started. Absent: it waits for the end of another run."""


class Counters(ApiModel):
    """Counters over the life of the schedule. Restarts and pruning do not change them."""

    runs: int | None = None
    """The number of runs that have ended."""

    consecutive_failures: int | None = None
    """The number of failed runs since the last good one."""

    missed: int | None = None
    """The number of due times that passed while nothing could run."""

    skipped: int | None = None
    """The number of due times that were skipped on purpose."""


class ItemCounts(ApiModel):
    """Counts of items: those that are present, and the changes of the last run."""

    total: int | None = None
    """The number of items that are present."""

    new: int | None = None
    """The number of items that the last run found for the first time."""

    changed: int | None = None
    """The number of items whose fields changed in the last run."""

    gone: int | None = None
    """The number of items that were marked as gone in the last run."""


class FailingTarget(ApiModel):
    """A target that failed in the last run."""

    name: Line | None = None
    """The name of the target."""

    reason: Line | None = None
    """The reason of the failure, as one word."""

    message: Line | None = None
    """The reason of the failure, as a sentence."""

    since: Instant | None = None
    """When the target began to fail for this reason."""


class TargetsStatus(ApiModel):
    """Summary of the targets of the last run."""

    total: int | None = None
    """The number of targets."""

    healthy: int | None = None
    """The number of targets that neither failed nor broke an expectation in the last run."""

    summary: Line | None = None
    """Healthy and total, such as 2/3."""

    failing: Annotated[tuple[FailingTarget, ...], Bounds(max_length=64)] = ()
    """Up to 10 failing targets, the one that fails for the longest time first."""


class ScrapeScheduleStatus(ApiModel):
    """The state at statusTime. Newer data are in the database and in the metrics."""

    observed_generation: int | None = None
    """The generation of the spec that the operator handled. -1: none yet."""

    conditions: Annotated[tuple[Condition, ...], Bounds(max_length=16), ListMap("type")] = ()
    """Ready, Reconciling, Stalled, Scheduled, LastRunSucceeded, TargetsHealthy, DataHealthy, SecretsResolved,
    WebhooksHealthy."""

    schedule: Line | None = None
    """The interval, or the first cron expression and the number of others, such as "@hourly +2"."""

    reason: Line | None = None
    """Why the schedule is not Ready, else Suspended, else the reason of DataHealthy=False; absent otherwise."""

    next: Line | None = None
    """When the next run is due, as a short text in UTC: the time today, the weekday within a week, else the date."""

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
    """The last value of the annotation scrape-operator.dev/requested-at that was handled."""

    offset_seconds: int | None = None
    """The offset of the interval that is derived from the object's UID, in seconds."""

    owner: Line | None = None
    """The replica that runs the schedule."""

    active: Annotated[tuple[ActiveRun, ...], Bounds(max_length=16)] = ()
    """The active runs, and the one that waits."""

    counters: Counters | None = None
    """Counters of runs and due times."""

    items: ItemCounts | None = None
    """Counts of items."""

    targets: TargetsStatus | None = None
    """Summary of the targets of the last run."""

    policy: Line | None = None
    """The name of the ScrapePolicy that applies."""

    history: Annotated[tuple[Line, ...], Bounds(max_length=16)] = ()
    """The last five runs, newest first, one line each."""

    status_time: Instant | None = None
    """When this status was written."""
