"""The protocols between packages. `wiring` passes the implementations."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from scrape_operator.core.net.day_budgets import DayCount, DayDemand, DayGrant, DayLimit, UsedUp
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.notifications.delivery import Attempt, AttemptEnd, Check, Head, Place
from scrape_operator.core.notifications.webhooks import WebhookHealth
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.leases import Lease
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunSummary, SkippedSlot, StoredSpec
from scrape_operator.core.runs.target_memory import TargetMemory
from scrape_operator.core.schedule.decision import Skip, Start
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState

T = TypeVar("T")


class Clock(Protocol):
    """Time as an input."""

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC instant."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""


class Fetcher(Protocol):
    """Sends one request and returns the whole answer."""

    async def fetch(self, request: Request) -> Response:
        """Fetch, following redirects.

        Raises:
            ScrapeFailed: with the reason, for every failure of the server or the network.

        """

    async def fetch_as(self, request: Request, read: Callable[[Response], T]) -> T:
        """Fetch and return what `read` makes of the response; its transient failures are tried again like a fetch's.

        Raises:
            ScrapeFailed: what `fetch` or `read` raises.

        """
        return read(await self.fetch(request))


class RunPlace(Protocol):
    """The place of a run among those that go on at the same time."""

    def lent(self) -> AbstractContextManager[None]:
        """Return a block in which one target only waits. While all targets wait, another run may have the place."""


class SecretReader(Protocol):
    """Reads Secrets of the cluster."""

    async def read(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """Return the data of a Secret, decoded, as it is now.

        Raises:
            ScrapeFailed: SecretNotFound; it does not exist, or must not or cannot be read. The message names it.

        """


class SecretCheck(Protocol):
    """Checks whether the Secrets of a target can be read now."""

    async def find_problem(self, plan: SchedulePlan, target: str) -> str | None:
        """Return what is wrong with the Secrets of a target, or None if its next run can read them."""


class RunStore(Protocol):
    """Where runs and items are kept. Every method raises StoreUnavailable where the database is away."""

    async def claim(self, claim: RunClaim) -> bool:
        """Insert the run RUNNING. Return whether its slot was free; False if another process runs or ran it."""

    async def finish(self, result: RunResult) -> ItemCounts | None:
        """Store items and the final row in one transaction, fenced by owner and RUNNING.

        None: the row no longer belonged to this process, so nothing was written.
        """

    async def skip(self, skipped: SkippedSlot) -> bool:
        """Insert a SKIPPED row. False: the slot is taken."""

    async def renew(self, owner: str, run_ids: Collection[UUID], lease_expires_at: datetime) -> None:
        """Prolong the leases of the RUNNING runs of `owner`."""

    async def leases(self) -> Sequence[Lease]:
        """Return the leases of all runs that are RUNNING."""

    async def reap(self, leases: Sequence[Lease], now: datetime) -> Sequence[tuple[ObjectKey, RunSummary]]:
        """End the runs that are RUNNING with these leases as FAILED/Orphaned, and return them."""

    async def load_states(self, namespaces: Collection[str] = ()) -> Mapping[str, ScheduleState]:
        """Return the states of all schedules of some namespaces, or of all, that are not deleted, by UID."""

    async def load_state(self, uid: str) -> ScheduleState | None:
        """Return the state of one schedule, also of one that was deleted; None if it has no row."""

    async def prune(self, uid: str, *, successful: int, failed: int, older_than: datetime) -> int:
        """Delete old rows of a schedule; runs beyond the limits or older. Return the number of runs."""

    async def note_edited(self, specs: Mapping[str, StoredSpec]) -> None:
        """Note `dataPolicy` and `historyMaxAge` of specs that were edited, by UID. They count from now on."""

    async def mark_deleted(self, uids: Collection[str], at: datetime) -> None:
        """Note that the objects of schedules are deleted: their rows go by `dataPolicy`."""

    async def prune_deleted(self, now: datetime) -> None:
        """Delete rows of deleted schedules that `dataPolicy` does not keep, in small batches."""

    async def ping(self) -> None:
        """Return if the database answers."""


class MessageStore(Protocol):
    """Where messages to webhooks wait. Every method raises StoreUnavailable where the database is away."""

    async def find_due(self, now: datetime) -> Sequence[Place]:
        """Return the webhooks whose first message is due."""

    async def read_head(self, place: Place) -> Head | None:
        """Return the first message that waits for a webhook, or None if none does."""

    async def begin(self, attempt: Attempt) -> str | None:
        """Note that a message is about to be sent. Return its payload, or None if it does not wait any more."""

    async def end(self, end: AttemptEnd) -> WebhookHealth:
        """Note what became of an attempt. Return how the webhook is after it."""

    async def check(self, check: Check) -> WebhookHealth:
        """Note whether the Secrets of a webhook could be read. Return how the webhook is after it."""


class DayBudgetStore(Protocol):
    """Counts what is spent in a day. Every method raises StoreUnavailable where the database is away."""

    async def reserve_day(self, demand: DayDemand) -> DayGrant:
        """Count what a demand gets of its limit: all that is wanted, or what is left."""

    async def release_day(self, demand: DayDemand) -> None:
        """Take back what was reserved and not spent. It must not be repeated after StoreUnavailable."""

    async def read_day(self, day: date) -> Sequence[DayCount]:
        """Return what is counted for a day."""

    async def prune_days(self, before: date) -> None:
        """Delete what is counted for the days before a day."""


class DayBudgetReader(Protocol):
    """Finds the budgets of the day that are used up."""

    def used_up(self, limits: Sequence[DayLimit], now: datetime) -> UsedUp | None:
        """Return the first limit of which nothing is left, or None."""


class Ownership(Protocol):
    """Which replica runs a schedule and writes its status."""

    def owns(self, uid: str) -> bool:
        """Return whether this replica owns the schedule."""


class TargetMemoryReader(Protocol):
    """Reads what earlier runs of a target left for the next one."""

    async def load_target_memory(self, uid: str, target: str, fingerprint: str) -> TargetMemory:
        """Return the memory of a target of a schedule with these settings. Raises StoreUnavailable."""


class StatusSink(Protocol):
    """Writes the statuses of schedules to the API server, as its budget allows. Never blocks, never fails."""

    def seed(self, plan: SchedulePlan, status: Mapping[str, object]) -> None:
        """Read the status that an object carries when it is first seen: transition times are kept."""

    def changed(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Note that the status may differ; what a reader would act on is written at once."""

    def refresh(self, plan: SchedulePlan, state: ScheduleState) -> None:
        """Note that the status differs, in nothing that a reader would act on."""

    def forget(self, uid: str) -> None:
        """Drop what waits for an object that is gone."""


class StatusPatcher(Protocol):
    """Writes one status to the API server."""

    async def patch_status(self, key: ObjectKey, status: Mapping[str, object]) -> bool:
        """Merge-patch the status. Return False if the object is gone, or another one has its name.

        Raises:
            ClusterError: refused or unreachable; `retry_after` in seconds where the server gave one.

        """


class EventPoster(Protocol):
    """Posts Kubernetes Events about schedules."""

    async def post_event(self, key: ObjectKey, *, type_: str, reason: str, message: str, at: datetime) -> str:
        """Create an events.k8s.io/v1 Event and return its name. Raises ClusterError."""

    async def count_event(self, key: ObjectKey, name: str, *, count: int, at: datetime) -> bool:
        """Set how often an Event was repeated. Return False if it has expired. Raises ClusterError."""


class SkipJournal(Protocol):
    """Counts a slot that is not run, and records it, now or when the database is back."""

    def skip(self, plan: SchedulePlan, state: ScheduleState, skip: Skip) -> None:
        """Take the skip. Never blocks, never fails."""


class RunLauncher(Protocol):
    """Starts runs, and lets them end."""

    def launch(self, plan: SchedulePlan, state: ScheduleState, start: Start) -> None:
        """Claim the slot and run, as soon as the pool has room. Never blocks, never fails."""

    def cancel(self, uid: str, reason: Reason) -> None:
        """Cancel the runs of a schedule; each ends with a row that says why."""


class RunObserver(Protocol):
    """Receives what happens to runs, for metrics and logs."""

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Note that a run was claimed, `skew` seconds after it was due."""

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Note that a run ended and was stored."""

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Note that a due time was not run."""
