"""Tables beside the items: a sink stores what a platform returned for it, with the run that read it.

`wiring` hands the sinks to `store.open_store`. The store finds a payload's sink by its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from scrape_operator.core.runs.run import RunResult


@dataclass(frozen=True, slots=True)
class Age:
    """What a sink may delete: what this schedule stored, and what is older than this."""

    schedule_uid: str
    older_than: datetime


class Sink(Protocol):
    """One set of tables. Every call may be repeated with the same values."""

    @property
    def name(self) -> str:
        """The name that payloads carry."""

    def store(self, connection: Connection, results: Sequence[RunResult]) -> None:
        """Store the payloads for this sink of all good targets, in the transaction of the runs' final rows."""

    def prune(self, connection: Connection, ages: Sequence[Age]) -> Sequence[bool]:
        """Delete a bounded number of old rows for each age; return whether more are left."""
