"""Rows of runs and items as people read them, and the port through which the CLI and the read API ask for them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from scrape_operator.core.runs.items import Change, JSONValue
from scrape_operator.core.runs.run import RunStatus

PAGE_MAX_ROWS = 500
"""Rows of one page at most; `read_all` reads page after page."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunRow:
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


@dataclass(frozen=True, slots=True)
class TargetRunRow:
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


@dataclass(frozen=True, slots=True)
class ItemRow:
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


@dataclass(frozen=True, slots=True)
class ChangeRow:
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


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs to read; what is None or empty does not restrict. `since` is the earliest due time."""

    namespace: str | None = None
    name: str | None = None
    statuses: Collection[RunStatus] = ()
    run_id: UUID | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items to read; what is None does not restrict."""

    namespace: str | None = None
    name: str | None = None
    target: str | None = None
    with_gone: bool = False
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Which changes of items to read; what is None or empty does not restrict."""

    namespace: str | None = None
    name: str | None = None
    target: str | None = None
    kinds: Collection[Change] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the token that reads those after them; None where there are no more."""

    rows: Sequence[T]
    next: str | None = None


class HistoryReader(Protocol):
    """Reads history a page at a time. `after` is the token of the page before; pages never overlap.

    Every method raises StoreUnavailable where the database is away, and InvalidValue for a token that is none.
    """

    async def runs(self, query: RunQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[RunRow]:
        """Return runs, the newest first."""

    async def target_runs(self, run_ids: Sequence[UUID]) -> Sequence[TargetRunRow]:
        """Return the targets of runs, in the order of the spec."""

    async def items(self, query: ItemQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[ItemRow]:
        """Return items, ordered by schedule, target and key."""

    async def changes(
        self, query: ChangeQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS
    ) -> Page[ChangeRow]:
        """Return changes of items, the newest first."""


async def read_all(read_page: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Yield the rows of all pages, holding one page in memory at a time."""
    token: str | None = None
    while True:
        page = await read_page(token)
        for row in page.rows:
            yield row
        token = page.next
        if token is None:
            return
