"""Errors of drivers: whether the database is away or refuses one row. Called around all access to it.

The difference decides what happens next: what is away is asked again later and concerns every caller;
a refused row concerns its own caller alone, and asking again is of no use.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from scrape_operator.core.errors import ScrapeOperatorError, StoreUnavailable
from scrape_operator.core.runs.run import clip
from scrape_operator.storage.errors import StoreRefused

REFUSING_CLASSES = ("22", "23", "54")
"""SQLSTATE classes that speak of one row: data exception, integrity constraint, program limit exceeded
(PostgreSQL, appendix A). All others, from a lost connection to a missing table, concern everybody."""

DETAIL_MAX_BYTES = 200


@contextmanager
def translated() -> Iterator[None]:
    """Turn what drivers and SQLAlchemy raise into the errors of this package.

    Raises:
        StoreUnavailable: the database can't be reached, is overloaded, read-only, full, or not ours.
        StoreRefused: it is there, and one of the rows can't be stored.

    """
    try:
        yield
    except ScrapeOperatorError:
        raise
    except Exception as error:
        root = _root(error)
        if _is_away(root):
            raise StoreUnavailable(f"the database is away: {_describe(root)}") from error
        raise StoreRefused(f"the database refused a row: {_describe(root)}") from error


def _root(error: BaseException) -> BaseException:
    """Find the driver's own error under SQLAlchemy's and its adapter's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _is_away(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return not str(error.sqlstate or "").startswith(REFUSING_CLASSES)
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # asyncpg.DataError: a value that doesn't fit its type
    return isinstance(error, OSError | PoolTimeout | sqlite3.OperationalError | asyncpg.InternalClientError)


def _describe(error: BaseException) -> str:
    """Return the first line: the rest may quote values, and SQLAlchemy's own text quotes the statement."""
    lines = str(error).splitlines()
    return clip(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__, DETAIL_MAX_BYTES)
