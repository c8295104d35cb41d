"""The command: argument parsing only. What a verb does stands in the room that it belongs to.

Imports are made inside the verbs: `lint` and `version` must not pay for kopf and SQLAlchemy.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from scrape_operator.core.errors import ScrapeOperatorError

app = typer.Typer(
    name="scrape-operator",
    help="CronJob for the web, without the pods.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run() -> None:
    """Run the operator until SIGTERM. Configured by the environment (see the README)."""
    from scrape_operator.settings import Settings  # noqa: PLC0415 -- see the module's docstring
    from scrape_operator.watching.process import run_process  # noqa: PLC0415

    raise typer.Exit(run_process(Settings()))


@app.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to this version's schema. May be run again at any time."""
    from scrape_operator.settings import Settings  # noqa: PLC0415
    from scrape_operator.storage.migrate import upgrade  # noqa: PLC0415

    asyncio.run(upgrade(Settings()))
    typer.echo("the database is up to date")


@app.command()
def crd() -> None:
    """Print the CustomResourceDefinitions as YAML."""
    from scrape_operator.api.crd import crd_yaml  # noqa: PLC0415

    typer.echo(crd_yaml(), nl=False)


@app.command()
def lint(
    files: Annotated[
        list[Path], typer.Argument(help="YAML or JSON files with ScrapeSchedules; - reads standard input.")
    ],
) -> None:
    """Validate files as the API server and the controller would, without a cluster.

    Prints one line for each finding: file, object, field path, what is wrong and the remedy.
    """
    from scrape_operator.cli.lint import lint_files  # noqa: PLC0415

    findings, objects = lint_files(files)
    for line in findings:
        typer.echo(line)
    if findings:
        raise typer.Exit(1)
    typer.echo(f"{objects} {'object' if objects == 1 else 'objects'} checked, nothing wrong", err=True)


@app.command()
def version() -> None:
    """Print the version."""
    from scrape_operator import __version__  # noqa: PLC0415

    typer.echo(__version__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors that a person can mend are one line, without a traceback."""
    try:
        app(args=list(arguments) if arguments is not None else None)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in problem["loc"])
            typer.echo(f"scrape-operator: setting {name}: {problem['msg']}", err=True)
        raise SystemExit(2) from error
    except ScrapeOperatorError as error:
        typer.echo(f"scrape-operator: {error}", err=True)
        raise SystemExit(1) from error
