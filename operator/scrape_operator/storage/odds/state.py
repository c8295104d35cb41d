"""Counts changes of what bookmakers list, so that matches are found again exactly when something changed."""

from typing import NamedTuple

from sqlalchemy import Connection, select, text

from scrape_operator.storage.engine.upserts import insert_into
from scrape_operator.storage.tables import odds_state

_c = odds_state.c
_ONLY = 1

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7234872346)")


class Versions(NamedTuple):
    """How often the listed events changed, and the version that the matches are of: negative while they are written."""

    listed: int
    matched: int


def lock_odds(connection: Connection) -> None:
    """Wait until no other transaction writes odds: which events are the same depends on all of them."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_AT_A_TIME)


def versions(connection: Connection) -> Versions:
    """Return the versions; 0 before the first event."""
    row = connection.execute(select(_c.version, _c.matched_version).where(_c.id == _ONLY)).one_or_none()
    return Versions(0, 0) if row is None else Versions(row.version, row.matched_version)


def mark_listed(connection: Connection) -> None:
    """Record that the listed events changed."""
    current = versions(connection)
    write_versions(connection, Versions(current.listed + 1, current.matched))


def write_versions(connection: Connection, new: Versions) -> None:
    """Write both versions."""
    changed = {"version": new.listed, "matched_version": new.matched}
    statement = insert_into(connection.dialect.name, odds_state).values({"id": _ONLY, **changed})
    connection.execute(statement.on_conflict_do_update(index_elements=[_c.id], set_=changed))
