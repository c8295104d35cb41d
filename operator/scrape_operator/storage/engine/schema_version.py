"""The version of the tables, read without importing alembic (45 MB, 0.7 s). Called at the first contact."""

from sqlalchemy import Connection, column, inspect, select, table

from scrape_operator.storage.errors import SchemaMismatch

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
"""Every version of the schema that this program knows, oldest first; migrations/versions has a file for each."""

HEAD = REVISIONS[-1]


def current_revision(connection: Connection) -> str | None:
    """Return the version of the tables, or None if there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = table("alembic_version", column("version_num"))
    revision: str | None = connection.scalar(select(version.c.version_num))
    return revision


def needs_upgrade(revision: str | None) -> bool:
    """Return whether tables of this version must be migrated before use.

    Raises:
        SchemaMismatch: they are newer than this program.

    """
    if revision is not None and revision not in REVISIONS:
        raise SchemaMismatch(
            f"the database has schema {revision}, which is newer than this program's {HEAD}; "
            "run the newer program, or restore a backup of the database"
        )
    return revision != HEAD


def demand_head(revision: str | None) -> None:
    """Raise SchemaMismatch unless the tables have just the version that this program needs."""
    if needs_upgrade(revision):
        have = "no tables" if revision is None else f"schema {revision}"
        raise SchemaMismatch(f"the database has {have}, this program needs {HEAD}; run `scrape-operator migrate`")
