"""The models of ScrapeRun and ScrapeItem: `kubectl explain` shows their descriptions. `objects` writes the objects."""

from datetime import datetime
from typing import Any

from scrape_operator.api.kinds.base import ApiModel


class RunSpec(ApiModel):
    """What was to be run."""

    schedule: str
    """Name of the ScrapeSchedule."""

    schedule_uid: str
    """UID of the ScrapeSchedule."""

    schedule_generation: int
    """Generation of the ScrapeSchedule that was run."""

    trigger: str
    """What asked for the run: scheduled, manual or replay."""

    slot: str
    """What a schedule runs once only: a due time, manual:TOKEN, generation:N, or the IDs of a replay."""

    scheduled_for: datetime
    """Due time of the run."""

    missed: int
    """Earlier due times that this run replaces."""


class ItemTotals(ApiModel):
    """Counts of items."""

    scraped: int
    """Items that the run read."""

    total: int
    """Items of the schedule that are present after the run."""

    new: int
    """Items that were not known before."""

    changed: int
    """Items whose data changed."""

    gone: int
    """Items that are no longer listed."""


class TargetStatus(ApiModel):
    """How one target of the run ended."""

    name: str
    """Name of the target."""

    phase: str
    """Succeeded, PartiallySucceeded, Failed or Canceled."""

    reason: str
    """Why the target ended as it did, such as Timeout."""

    message: str | None = None
    """What happened, as a sentence."""

    http_status: int | None = None
    """Status of the last HTTP answer."""

    duration_seconds: float
    """Seconds that the target took."""

    requests: int
    """HTTP requests."""

    bytes: int
    """Bytes of the answers."""

    pages: int
    """Pages that were read."""

    items: int
    """Items that were read."""

    warnings: tuple[str, ...] = ()
    """What was read with doubt, or left out."""

    phases: dict[str, float] | None = None
    """Seconds by phase, such as connecting and reading."""

    breach: str | None = None
    """Expectation that was not met."""

    since: datetime | None = None
    """When the target began to be so, if it is not fine."""


class RunStatus(ApiModel):
    """How the run goes, or how it ended."""

    phase: str
    """Running, Succeeded, PartiallySucceeded, Failed, Canceled or Skipped."""

    reason: str | None = None
    """Why the run ended so, such as Succeeded, NotModified, Timeout or SkippedOverlap."""

    message: str | None = None
    """What happened, as a sentence; empty if there is nothing to say."""

    start_time: datetime | None = None
    """When the run began; absent if it was skipped."""

    completion_time: datetime | None = None
    """When the run ended; absent while it goes on."""

    duration_seconds: float | None = None
    """Seconds from the start to the end."""

    items: ItemTotals
    """Counts of items."""

    requests: int
    """HTTP requests of all targets."""

    bytes: int
    """Bytes of all answers."""

    owner: str
    """Replica that ran it."""

    policy: str | None = None
    """Policy that applied."""

    robots: str | None = None
    """Whether robots.txt was obeyed."""

    targets: tuple[TargetStatus, ...] = ()
    """Targets of the run, in the order of the spec."""


class ScrapeRun(ApiModel):
    """One run of a ScrapeSchedule, or a due time that was skipped. It is a row in SQL, and read-only."""

    spec: RunSpec
    """What was to be run."""

    status: RunStatus
    """How the run goes, or how it ended."""


class ItemSpec(ApiModel):
    """Where the item belongs."""

    schedule: str
    """Name of the ScrapeSchedule."""

    schedule_uid: str
    """UID of the ScrapeSchedule."""

    target: str
    """Name of the target."""

    key: str
    """What identifies the item within the target."""


class ItemStatus(ApiModel):
    """When the item was seen."""

    phase: str
    """Present, or Gone."""

    first_seen_time: datetime
    """When the item was first seen."""

    last_seen_time: datetime
    """When the item was last seen."""

    change_time: datetime
    """When the data last changed."""

    gone_time: datetime | None = None
    """When the item was found to be gone."""

    run: str
    """Name of the ScrapeRun that last saw it; its row may be pruned."""

    content_hash: str
    """Digest of the data."""


class ScrapeItem(ApiModel):
    """One item of a ScrapeSchedule, as it was last seen. It is a row in SQL, and read-only."""

    spec: ItemSpec
    """Where the item belongs."""

    data: dict[str, Any]
    """The fields of the item."""

    status: ItemStatus
    """When the item was seen."""
