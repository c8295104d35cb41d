"""The ways to the rows of the operator's database. Each one prints what the same verb of `scrape-operator` prints."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import typer

from scrape_operator.cli import app
from scrape_operator.core.reading import OpenRows
from scrape_operator.plugin.pod import run_in_operator
from scrape_operator.plugin.results_rows import open_results_rows


class Way(Protocol):
    """One way to the rows. It says on standard error that it is taken."""

    def print_rows(self, arguments: Sequence[str]) -> int:
        """Run a verb of `scrape-operator`, and return its exit code."""


class DatabaseWay(Way):
    """Reads the database that DATABASE_URL names."""

    def print_rows(self, arguments: Sequence[str]) -> int:
        """Run the verb in this process."""
        typer.echo("reading from DATABASE_URL", err=True)
        return _run(arguments)


class ResultsWay(Way):
    """Reads through the results API."""

    def print_rows(self, arguments: Sequence[str]) -> int:
        """Run the verb in this process.

        Raises:
            NotServed: The results API does not serve the rows. Nothing is printed.

        """
        begin = partial(typer.echo, "reading through the results API", err=True)
        return _run(arguments, partial(open_results_rows, begin))


class ExecWay(Way):
    """Reads by `kubectl exec`, beside the operator."""

    def __init__(self, reason: str) -> None:
        """Take this way for a reason, which is said."""
        self._reason = reason

    def print_rows(self, arguments: Sequence[str]) -> int:
        """Run the verb in the operator's pod. Raises ClusterError where no operator runs."""
        typer.echo(f"reading by kubectl exec from the operator's pod: {self._reason}", err=True)
        return run_in_operator(arguments)


def _run(arguments: Sequence[str], open_rows: OpenRows | None = None) -> int:
    """Run a verb of `scrape-operator`; the plugin, which runs around it, ends the process and shows errors."""
    code: int | None = app(args=list(arguments), prog_name="kubectl scrape", standalone_mode=False, obj=open_rows)
    return code or 0
