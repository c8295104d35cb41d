"""Tables beside the items: a sink stores what a platform returned for it.

`wiring` hands the sinks to `store.open_store`. The store calls each of them when a run ends, before the final row is
written. A sink stores in transactions of a bounded size, so that other writes wait for one of them at most. If the run
is stored again, the sink is called again with the same values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Table

from scrape_operator.core.runs.run import RunResult

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Age:
    """What a sink may delete: what this schedule stored, and what is older than this; None: all of it."""

    schedule_uid: str
    older_than: datetime | None


class Transactions(Protocol):
    """The transactions of a sink. Raises StoreUnavailable or StoreRefused."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do work that only reads, beside the writer."""

    async def write(self, apply: Callable[[Connection, Sequence[P]], Sequence[R]], payload: P, *, weight: int) -> R:
        """Do `apply` for `payload` in one of the writer's transactions. `weight` is about the number of rows."""


class Sink(Protocol):
    """One set of tables. Every call may be repeated with the same values."""

    @property
    def name(self) -> str:
        """The name that payloads carry."""

    @property
    def owned(self) -> Sequence[Table]:
        """The tables whose rows belong to one schedule, by their column schedule_uid."""

    async def store(self, transactions: Transactions, result: RunResult) -> None:
        """Store the payloads for this sink of all good targets of a run."""

    def prune(self, connection: Connection, ages: Sequence[Age]) -> Sequence[bool]:
        """Delete a bounded number of old rows for each age; return whether more are left."""
