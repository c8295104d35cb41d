"""The command line. `verbs/` has the arguments of each verb, and the modules here what the verbs do.

A verb imports what it does when it is called, so that help, completion and `version` start at once.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from scrape_operator.cli.deliveries_app import deliveries_app
from scrape_operator.cli.odds_app import odds_app
from scrape_operator.cli.program import EXIT_CODES, execute
from scrape_operator.cli.quick import QuickCommand, complete_without_rich, open_app
from scrape_operator.cli.verbs import files, process, rows

NAME = "scrape-operator"

VERBS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("init", files.init),
    ("test", files.trial),
    ("lint", files.lint),
    ("next", files.upcoming),
    ("local", files.local),
    ("runs", rows.runs),
    ("items", rows.items),
    ("export", rows.export),
    ("changes", rows.changes),
    ("replay", rows.replay),
    ("run", process.run),
    ("results", process.results),
    ("migrate", process.migrate),
    ("crd", process.crd),
    ("platforms", process.platforms),
    ("version", process.version),
)

app = open_app(NAME, "CronJob for the web, without the pods.")
for _name, _verb in VERBS:
    app.command(_name, cls=QuickCommand, epilog=EXIT_CODES)(_verb)
app.add_typer(odds_app, name="odds")
app.add_typer(deliveries_app, name="deliveries")


def _print_version(is_wanted: object) -> None:
    if is_wanted:
        process.version()
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """CronJob for the web, without the pods."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process."""
    complete_without_rich(NAME)
    execute(app, NAME, arguments)
