"""Errors of the store, besides `core.errors.StoreUnavailable`.

ScrapeOperatorError
├── StoreRefused     the database refuses this one row; a retry does not help
├── StoreLocked      another process uses the database
└── SchemaMismatch   the tables are older or newer than this program
"""

from scrape_operator.core.errors import ScrapeOperatorError


class StoreRefused(ScrapeOperatorError):
    """The database does not take this row, whatever its neighbours: nothing of it was written."""


class StoreLocked(ScrapeOperatorError):
    """Another process uses the database; the message names the remedy."""


class SchemaMismatch(ScrapeOperatorError):
    """The tables don't fit this program; the message names the command that corrects it."""
