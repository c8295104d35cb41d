"""The command line. `verbs/` has the arguments of each verb, and the modules here what the verbs do.

A verb imports what it does when it is called, so that help, completion and `version` start at once.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar

import typer

from scrape_operator.cli.deliveries_app import deliveries_app
from scrape_operator.cli.odds_app import odds_app
from scrape_operator.cli.program import EXIT_CODES, execute
from scrape_operator.cli.quick import ProgramGroup, QuickCommand, complete_without_rich, open_app
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

OF_THE_PLUGIN = ("doctor", "suspend", "resume", "logs", "redeliver")
"""The verbs of `kubectl scrape` alone. They need a cluster."""


class ScrapeOperator(ProgramGroup):
    """The program, which names `kubectl scrape` for the verbs of that."""

    elsewhere: ClassVar = {
        verb: f"no such command {verb!r}; in a cluster: kubectl scrape {verb}" for verb in OF_THE_PLUGIN
    }


class RunCommand(QuickCommand):
    """The verb `run`. It takes no schedule, unlike that of the plugin."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the arguments that are left."""
        if args and not args[0].startswith("-"):
            ctx.fail(f"it runs the operator, and takes no schedule; to run one now: kubectl scrape run {args[0]}")
        return super().parse_args(ctx, args)


app = open_app(NAME, "CronJob for the web, without the pods.", group=ScrapeOperator)
for _name, _verb in VERBS:
    app.command(_name, cls=RunCommand if _name == "run" else QuickCommand, epilog=EXIT_CODES)(_verb)
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
