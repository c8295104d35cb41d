"""A lock that lets one process at a time open a SQLite file. Called by `store.open_store` and `migrate`.

SQLite allows one replica. Slots are unique only within one file, and two processes on one file of a network file system
can corrupt it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scrape_operator.core.errors import InvalidValue
from scrape_operator.storage.errors import StoreLocked


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold `<path>.lock` for as long as the database is open; the kernel releases it if the process dies.

    Raises:
        StoreLocked: another process has the file open.
        InvalidValue: the folder is missing or can't be written to.

    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidValue(
            f"the SQLite file {path} can't be opened: {error.strerror}; create its folder, make it writable, "
            "or set SCRAPE_OPERATOR_SQLITE_PATH or DATABASE_URL"
        ) from error
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreLocked(
            f"another process has the SQLite file {path} open; SQLite allows one replica: stop the other process, "
            "or set DATABASE_URL to a PostgreSQL"
        ) from error
