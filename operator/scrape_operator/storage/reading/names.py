"""The names of schedules, for the completion of a shell: without SQLAlchemy, which takes longer to import than allowed.

PostgreSQL has no such short way.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote

NAMES_MAX = 1000
WAIT_SECONDS = 0.2
_SQLITE = ("sqlite:///", "sqlite+aiosqlite:///")
_QUERY = "SELECT name FROM schedules WHERE namespace = ? AND deleted_at IS NULL ORDER BY name LIMIT ?"


def sqlite_file(environment: Mapping[str, str]) -> Path | None:
    """Return the SQLite file that the environment names, or None if it names another database."""
    url = environment.get("DATABASE_URL")
    if not url:
        return Path(environment.get("SCRAPE_OPERATOR_SQLITE_PATH") or "scrape-operator.db")
    prefix = next((prefix for prefix in _SQLITE if url.startswith(prefix)), None)
    return None if prefix is None else Path(unquote(url.removeprefix(prefix)))


def names_in_sqlite(file: Path, namespace: str) -> Sequence[str]:
    """Return the names of the schedules of a namespace.

    Raises:
        sqlite3.Error: The file is not there, is in use, or holds other tables.

    """
    uri = f"file:{quote(str(file.absolute()))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS)) as connection:
        return [str(name) for (name,) in connection.execute(_QUERY, (namespace, NAMES_MAX))]
