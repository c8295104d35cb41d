"""Runs and items as resources: rows with revisions, lists, changes, and the port through which a server reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.core.reading import ItemRow, RunRow, TargetRunRow
from scrape_operator.core.selection import Selection

LIST_MAX_ROWS = 500
"""Rows of one page of a list."""

T = TypeVar("T")


class RevisionExpired(ScrapeOperatorError):
    """The changes since a revision are not known any more, or not yet: the reader must list again."""


class VersionedRun(NamedTuple):
    """A run with its revisions and the sum of its targets; `targets` is empty where they were not asked for.

    `only_target` is the name of its target, if it has one and no other. `inserted` is the revision of its insertion.
    """

    run: RunRow
    inserted: int
    revision: int
    target_count: int = 0
    good_targets: int = 0
    only_target: str | None = None
    targets: Sequence[TargetRunRow] = ()


class DeletedRun(NamedTuple):
    """A run whose row was deleted, or whose schedule was: what a selector or a name needs of it."""

    id: UUID
    namespace: str
    name: str
    trigger: str
    status: str
    reason: str | None
    inserted: int
    run_revision: int
    revision: int


class StoredItem(NamedTuple):
    """An item with the number of its row."""

    id: int
    item: ItemRow


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of a list. `next` is the token of the page after it; `revision` is that of the first page."""

    rows: Sequence[T]
    revision: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed after the revision `since`, up to and including `until`, ordered by revision."""

    since: int
    until: int
    runs: Sequence[VersionedRun] = ()
    deleted: Sequence[DeletedRun] = ()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which rows to list. `namespace` None means all; `after` is the token of the page before.

    Due times of runs, and last changes of items, are from `since` on, and before `until`.
    """

    namespace: str | None = None
    selection: Selection = ()
    after: str | None = None
    limit: int = LIST_MAX_ROWS
    with_targets: bool = False
    since: datetime | None = None
    until: datetime | None = None


class ResultReader(Protocol):
    """Reads runs and items. Rows of deleted schedules are not among them.

    Every method raises StoreUnavailable where the database is away, and InvalidValue for a token that is none.
    """

    async def runs(self, query: ListQuery) -> Listing[VersionedRun]:
        """Return runs, the newest first."""

    async def run(self, namespace: str, run_id: UUID) -> VersionedRun | None:
        """Return one run with its targets, or None if it is not there."""

    async def items(self, query: ListQuery) -> Listing[StoredItem]:
        """Return items, the newest row first."""

    async def item(self, namespace: str, item_id: int) -> StoredItem | None:
        """Return one item, or None if it is not there."""

    async def last_revision(self) -> int:
        """Return the revision up to which everything can be read now."""

    async def changes(self, since: int, until: int | None = None) -> Changes:
        """Return the next changes of runs after a revision, up to another: all of them, or the first few hundred.

        Raises:
            RevisionExpired: some are forgotten, or the revision is not reached yet.

        """
