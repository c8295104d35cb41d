"""Completes the names of schedules for a shell, which must not see an error: without a database there are none."""

import os
from collections.abc import Sequence
from contextlib import suppress

import typer

from scrape_operator.cli.program import await_result

DEFAULT_NAMESPACE = "default"


def complete_schedules(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of schedules in the namespace of the command line that begin with a text."""
    namespace = str(context.params.get("namespace") or DEFAULT_NAMESPACE)
    return [name for name in known_names(namespace) if name.startswith(incomplete)]


def known_names(namespace: str) -> Sequence[str]:
    """Return the names of the schedules of a namespace in the database; none if it cannot be read."""
    from scrape_operator.storage.reading.names import names_in_sqlite, sqlite_file

    file = sqlite_file(os.environ)
    with suppress(Exception):
        return names_in_sqlite(file, namespace) if file is not None else await_result(_names_in_postgres(namespace))
    return ()


async def _names_in_postgres(namespace: str) -> Sequence[str]:
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.reading.history import open_history

    async with open_history(read_settings()) as history:
        return await history.schedule_names(namespace)
