"""Revisions of runs: numbers that grow with each change, by which a reader finds what is new. Used by `tables`.

A reader that has seen all rows up to a revision must never miss one that is committed later with a smaller number.

- PostgreSQL: the revision is the ID of the transaction. Transactions end in another order than they begin, so readers
  stop before the oldest one that is still open (`pg_snapshot_xmin`). A sequence has no such mark.
- SQLite has one writer at a time, so its order of commits is the order of the numbers: one more than the greatest.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles

SQLITE_GREATEST = (
    "MAX(COALESCE((SELECT MAX(revision) FROM scrape_runs), 0), COALESCE((SELECT MAX(revision) FROM run_tombstones), 0))"
)
"""Both are read from the end of an index. A deleted run leaves a tombstone with a greater number, so it never falls."""


class NextRevision(ColumnElement[int]):
    """The revision of what the current transaction writes."""

    inherit_cache = True
    type = BigInteger()


class LastRevision(ColumnElement[int]):
    """The greatest revision for which, and below which, all rows are visible to the current transaction."""

    inherit_cache = True
    type = BigInteger()


@compiles(NextRevision, "postgresql")
def _transaction_id(_element: NextRevision, _compiler: Any, **_options: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"


@compiles(NextRevision, "sqlite")
def _one_more(_element: NextRevision, _compiler: Any, **_options: Any) -> str:
    return f"({SQLITE_GREATEST} + 1)"


@compiles(LastRevision, "postgresql")
def _before_the_oldest_open(_element: LastRevision, _compiler: Any, **_options: Any) -> str:
    return "(CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) - 1)"


@compiles(LastRevision, "sqlite")
def _greatest(_element: LastRevision, _compiler: Any, **_options: Any) -> str:
    return f"({SQLITE_GREATEST})"
