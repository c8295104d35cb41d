"""Rows of runs and items as people read them, and the port through which the CLI and the read API ask for them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from scrape_operator.core.ids import RunIDs
from scrape_operator.core.notifications.delivery import MessageStatus
from scrape_operator.core.runs.items import Change, JSONValue
from scrape_operator.core.runs.run import RunStatus

PAGE_MAX_ROWS = 500
"""Rows of one page at most; `read_all` reads page after page."""

NAMES_MAX = 10_000
"""Names of schedules that are read at once."""

T = TypeVar("T")


class RunRow(NamedTuple):
    """One row of `scrape_runs`: a run, or a due time that was skipped.

    `status` and `reason` are text: a newer program may have written values that this one does not know.
    """

    id: UUID
    schedule_uid: str
    namespace: str
    name: str
    generation: int
    trigger: str
    slot: str
    scheduled_for: datetime
    status: str
    reason: str | None
    message: str | None
    started_at: datetime | None
    completed_at: datetime | None
    items_scraped: int
    items_total: int
    items_new: int
    items_changed: int
    items_gone: int
    requests: int
    bytes: int
    missed: int
    owner: str
    policy: str | None
    robots: str | None

    @property
    def duration(self) -> float | None:
        """Return the seconds from start to end, or None where the run has not started or not ended."""
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()


class TargetRunRow(NamedTuple):
    """One target of a run. `duration` and the values of `phases` are in seconds."""

    run_id: UUID
    target: str
    position: int
    status: str
    reason: str
    message: str
    http_status: int | None
    duration: float
    requests: int
    bytes: int
    pages: int
    items: int
    warnings: Sequence[str]
    phases: Mapping[str, float]
    breach: str | None
    since: datetime | None


class ItemRow(NamedTuple):
    """One item of a schedule's target, as it was last seen."""

    schedule_uid: str
    namespace: str
    name: str
    target: str
    key: str
    data: Mapping[str, JSONValue]
    content_hash: str
    first_seen_at: datetime
    last_seen_at: datetime
    changed_at: datetime
    gone_at: datetime | None
    run_id: UUID


class ChangeRow(NamedTuple):
    """One change of an item; `before` and `after` have the fields that differ."""

    id: int
    schedule_uid: str
    namespace: str
    name: str
    target: str
    key: str
    change: str
    before: Mapping[str, JSONValue] | None
    after: Mapping[str, JSONValue] | None
    at: datetime
    run_id: UUID


class ScheduleRow(NamedTuple):
    """A schedule that has run, or of which a due time was skipped. `deleted_at` is None while its object exists."""

    namespace: str
    name: str
    deleted_at: datetime | None


class RemovedRuns(NamedTuple):
    """How many ended runs are not stored any more, and the due times of the oldest stored ones; None without any.

    `oldest_good` is of those that succeeded, also in part. `oldest_failed` is of the others.
    """

    number: int = 0
    oldest_good: datetime | None = None
    oldest_failed: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs to read; what is None or empty does not restrict. Due times are from `since` on, before `until`."""

    namespace: str | None = None
    name: str | None = None
    statuses: Collection[RunStatus] = ()
    ids: RunIDs | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items to read; what is None does not restrict. Times are those of the last change."""

    namespace: str | None = None
    name: str | None = None
    target: str | None = None
    with_gone: bool = False
    changed_since: datetime | None = None
    changed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Which changes of items to read; what is None or empty does not restrict."""

    namespace: str | None = None
    name: str | None = None
    target: str | None = None
    kinds: Collection[Change] = ()
    since: datetime | None = None
    until: datetime | None = None


class DeliveryRow(NamedTuple):
    """One row of `webhook_messages`. `error` says why the last attempt failed."""

    id: int
    message_id: str
    namespace: str
    name: str
    webhook: str
    event: str
    run_id: UUID
    status: str
    created_at: datetime
    attempts: int
    next_attempt_at: datetime
    ended_at: datetime | None
    reason: str | None
    error: str | None
    payload: str


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which messages to webhooks to read; what is None or empty does not restrict."""

    namespace: str | None = None
    name: str | None = None
    webhook: str | None = None
    statuses: Collection[MessageStatus] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the token that reads those after them; None where there are no more."""

    rows: Sequence[T]
    next: str | None = None


class RowReader(Protocol):
    """Reads runs and items a page at a time. `after` is the token of the page before; pages never overlap.

    Every method raises StoreUnavailable where the database is away, ClusterError where rows come through the API server
    and it refuses, and InvalidValue for a token that is none.
    """

    async def runs(self, query: RunQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[RunRow]:
        """Return runs, the newest first."""

    async def target_runs(self, run_ids: Sequence[UUID]) -> Sequence[TargetRunRow]:
        """Return the targets of runs, in the order of the spec."""

    async def removed_runs(self, query: RunQuery) -> RemovedRuns:
        """Return how many runs of the schedules of a query are not stored any more; 0 if that is not known."""

    async def items(self, query: ItemQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[ItemRow]:
        """Return items, ordered by schedule, target and key."""

    async def schedules(self, name: str) -> Sequence[ScheduleRow]:
        """Return the schedules of a name in all namespaces: those that are not deleted, then the others."""

    async def schedule_names(self, namespace: str, limit: int = NAMES_MAX) -> Sequence[str]:
        """Return the names of the schedules of a namespace that are not deleted, in their order."""

    async def namespaces(self) -> Sequence[str]:
        """Return the namespaces of the schedules that are not deleted, in their order."""


OpenRows = Callable[[], AbstractAsyncContextManager[RowReader]]
"""Opens a reader of runs and items, wherever they are."""


class HistoryReader(RowReader, Protocol):
    """Reads all that the database has for people."""

    async def changes(
        self, query: ChangeQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS
    ) -> Page[ChangeRow]:
        """Return changes of items, the newest first."""

    async def deliveries(
        self, query: DeliveryQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS
    ) -> Page[DeliveryRow]:
        """Return messages to webhooks, the newest first."""

    async def webhook_names(self, namespace: str | None, name: str | None = None) -> Sequence[str]:
        """Return the webhooks to which there are messages, of a schedule or of a whole namespace, in their order."""


async def read_all(read_page: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Yield the rows of all pages, holding one page in memory at a time."""
    async for rows in read_pages(read_page):
        for row in rows:
            yield row


async def read_pages(read_page: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[Sequence[T]]:
    """Yield the rows of each page."""
    token: str | None = None
    while True:
        page = await read_page(token)
        yield page.rows
        token = page.next
        if token is None:
            return


def page_rows(limit: int) -> int:
    """Return how many rows a page needs so that `limit` rows and the next one, or all where it is 0, are read."""
    return min(limit + 1 if limit else PAGE_MAX_ROWS, PAGE_MAX_ROWS)
