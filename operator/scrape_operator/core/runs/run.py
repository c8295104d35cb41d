"""Runs: states, their legal transitions, and the values that pass from claim to outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from scrape_operator.core.notifications.webhooks import Webhook
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.items import Item, ItemCounts, ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.slot import Manual, Replay, Slot
from scrape_operator.core.runs.target_memory import Revalidation

MESSAGE_MAX_BYTES = 511


class Trigger(StrEnum):
    """What asked for a run."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    REPLAY = "replay"


def trigger_of(slot: Slot) -> Trigger:
    """Return what asked for the run of a slot."""
    match slot:
        case Manual():
            return Trigger.MANUAL
        case Replay():
            return Trigger.REPLAY
        case _:
            return Trigger.SCHEDULED


class DataPolicy(StrEnum):
    """What happens to the rows of a schedule that is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class StoredSpec:
    """The part of a spec that is stored with a schedule, to be known after a restart or after its deletion.

    `default_interval` is the operator's own interval, where the spec has neither `interval` nor `schedules`. Of the
    `webhooks` only names and events are stored.
    """

    default_interval: timedelta | None = None
    data_policy: DataPolicy = DataPolicy.RETAIN
    history_max_age: timedelta = timedelta(hours=720)
    webhooks: tuple[Webhook, ...] = ()


class RunStatus(StrEnum):
    """The state of a run. RUNNING is the only one that ever changes."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    PARTIALLY_SUCCEEDED = "PARTIALLY_SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    SKIPPED = "SKIPPED"

    @property
    def is_good(self) -> bool:
        """Whether data was read: the run counts as a success for counters and conditions."""
        return self is RunStatus.SUCCEEDED or self is RunStatus.PARTIALLY_SUCCEEDED


@dataclass(frozen=True, slots=True)
class RunClaim:
    """The row that is inserted as RUNNING. (schedule_uid, slot) is unique: the replica that inserts it runs the slot.

    `missed` counts the earlier due times that this run replaces.
    """

    id: UUID
    schedule_uid: str
    namespace: str
    name: str
    generation: int
    slot: Slot
    scheduled_for: datetime
    started_at: datetime
    owner: str
    lease_expires_at: datetime
    missed: int = 0
    policy: str | None = None
    robots: str | None = None
    spec: StoredSpec = StoredSpec()

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)


@dataclass(frozen=True, slots=True)
class SkippedSlot:
    """The row of a slot that is not run, and why. It occupies the slot, so that no replica runs it later."""

    id: UUID
    schedule_uid: str
    namespace: str
    name: str
    generation: int
    slot: Slot
    scheduled_for: datetime
    at: datetime
    owner: str
    reason: Reason
    message: str
    missed: int = 0
    spec: StoredSpec = StoredSpec()

    @property
    def trigger(self) -> Trigger:
        """What asked for the run."""
        return trigger_of(self.slot)

    def summary(self) -> "RunSummary":
        """Return the slot as the history shows it."""
        return RunSummary(
            id=self.id,
            trigger=self.trigger,
            generation=self.generation,
            scheduled_for=self.scheduled_for,
            status=RunStatus.SKIPPED,
            reason=self.reason,
            message=self.message,
            started_at=None,
            completed_at=self.at,
        )


@dataclass(frozen=True, slots=True)
class SinkPayload:
    """A result for tables other than the items: `sink` names the store's sink, which alone can read `content`.

    `fresh_until` is the second due time after the run's: until then the schedule should have read it again, twice.
    """

    sink: str
    content: object
    fresh_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What became of one target in one run. `duration` in seconds.

    `breach` says which expectation was not met; the target may still count as succeeded in part.
    `complete` is false where pages or items are known to be missing: nothing may be marked gone.
    `sink_payload` is what a platform read for a sink of the store, beside its items.
    `found` says in how many percent of the items each field was found, where it has a selector.
    `fingerprint` is that of the settings that decide which items there are: other runs with it can be compared.
    `revalidation` takes the place of the one that is stored; None leaves that.
    `phases` says how many seconds each phase of a platform's scrape took.
    `mode` says what the items do to those that are stored; `bodies` are kept for replay.
    """

    target: str
    status: RunStatus
    reason: Reason
    message: str = ""
    http_status: int | None = None
    duration: float = 0.0
    requests: int = 0
    bytes: int = 0
    pages: int = 0
    items: Sequence[Item] = ()
    warnings: Sequence[str] = ()
    breach: str | None = None
    complete: bool = True
    sink_payload: SinkPayload | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    fingerprint: str = ""
    revalidation: Revalidation | None = None
    mode: ItemMode = ItemMode.UPSERT
    bodies: Sequence[KeptBody] = ()

    @property
    def is_whole_snapshot(self) -> bool:
        """Whether items that were not read are gone: not after a partial snapshot, or one that was not read."""
        is_read = self.status is RunStatus.SUCCEEDED and self.reason is not Reason.NOT_MODIFIED
        return self.mode is ItemMode.SNAPSHOT and is_read and self.complete


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended, ready to be stored: the claim, the outcome, the targets."""

    claim: RunClaim
    status: RunStatus
    reason: Reason
    message: str
    completed_at: datetime
    targets: Sequence[TargetResult] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run as history shows it."""

    id: UUID
    trigger: Trigger
    generation: int
    scheduled_for: datetime
    status: RunStatus
    reason: Reason
    message: str
    started_at: datetime | None
    completed_at: datetime | None
    counts: ItemCounts = ItemCounts()
    items_scraped: int = 0


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """The last known health of one target; `since` is when it began to fail with this reason."""

    name: str
    status: RunStatus
    reason: Reason
    message: str = ""
    since: datetime | None = None
    breach: str | None = None


def clip(text: str, limit: int = MESSAGE_MAX_BYTES) -> str:
    """Bound a message to `limit` bytes of UTF-8 without control characters, so that status stays small."""
    clean = text if text.isprintable() else "".join(ch if ch.isprintable() else " " for ch in text)
    raw = clean.encode("utf-8", "replace")
    return clean if len(raw) <= limit else raw[: limit - 3].decode("utf-8", "ignore") + "…"
