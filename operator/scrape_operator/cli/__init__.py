"""The command line: the verbs with their arguments and exit codes.

What a verb does is in a module of its own, which the verb imports when it is called, so that `lint` and `version` do
not load kopf and SQLAlchemy.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.odds_app import odds_app
from scrape_operator.core.errors import InvalidSettings, ScrapeOperatorError
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.errors import StoreLocked

app = typer.Typer(
    name="scrape-operator",
    help="CronJob for the web, without the pods.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 found something wrong, 2 wrong use or a wrong setting.",
)

app.add_typer(odds_app, name="odds")


Manifests = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="YAML or JSON files, folders of such files, or - for standard input."),
]


class Output(StrEnum):
    """The format of a verb's output."""

    TEXT = "text"
    JSON = "json"


def _print_version(is_wanted: object) -> None:
    if is_wanted:
        version()
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """CronJob for the web, without the pods."""


@app.command()
def run() -> None:
    """Run the operator until SIGTERM. It is configured by environment variables (docs/configuration.md)."""
    from scrape_operator.settings import read_settings
    from scrape_operator.watching.process import run_process

    raise typer.Exit(run_process(read_settings()))


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema. It may be run again at any time.

    The database is that of DATABASE_URL, or without it the SQLite file of SCRAPE_OPERATOR_SQLITE_PATH.
    """
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.engine.migrate import upgrade

    settings = read_settings()
    asyncio.run(upgrade(settings))
    typer.echo(f"{settings.database_name} is up to date")


@app.command()
def crd() -> None:
    """Print the CustomResourceDefinitions as YAML."""
    from scrape_operator.api.schema.crd import crd_yaml

    typer.echo(crd_yaml(), nl=False)


@app.command()
def lint(paths: Manifests) -> None:
    """Validate manifests as the API server and the controller would, without a cluster.

    Prints one line for each finding: file, object, field path, what is wrong and what to do. Documents of other kinds
    are skipped and counted. Example: scrape-operator lint manifests/. Exit code 0: no finding; 1: findings.
    """
    from scrape_operator.cli.lint import lint_files

    report = lint_files(paths)
    for line in report.findings:
        typer.echo(line)
    typer.echo(report.summary, err=True)
    if report.findings:
        raise typer.Exit(1)


@app.command()
def platforms() -> None:
    """Print the installed platforms, each with the JSON schema of its config.

    Platforms that cannot be loaded are named on standard error. Exit code 0: all could be loaded; 1: some could not.
    """
    from scrape_operator.cli.platforms import describe_platforms

    schemas, broken = describe_platforms()
    typer.echo(schemas)
    for line in broken:
        typer.echo(line, err=True)
    if broken:
        raise typer.Exit(1)


@app.command("next")
def next_(
    files: Manifests,
    count: Annotated[int, typer.Option("-n", min=1, max=10_000, help="The number of due times of each schedule.")] = 10,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="The first time to look at, such as 2026-03-29T00:00:00Z. Absent: now."
        ),
    ] = None,
    uid: Annotated[str, typer.Option(help="The object's UID, from which its offset and H are derived.")] = "",
    output: Annotated[Output, typer.Option("-o", "--output", help="text or json.")] = Output.TEXT,
) -> None:
    """Print the next due times of schedules, in UTC and in their time zone, without a cluster.

    Each due time has an outcome: Run, or why it does not run (SkippedWindow, BeforeStartTime, Ended, Suspended).
    Example: scrape-operator next quotes.yaml -n 5. Exit code 0: no finding; 1: a file is wrong.
    """
    from scrape_operator.cli.next import as_json, as_text, forecast_files, parse_since
    from scrape_operator.settings import read_settings

    interval = timedelta(minutes=read_settings().interval_minutes)
    forecasts, wrong = forecast_files(files, parse_since(since), count, uid, interval)
    for line in wrong:
        typer.echo(line, err=bool(forecasts) or output is Output.JSON)
    if output is Output.JSON:
        typer.echo(as_json(forecasts))
    else:
        for line in as_text(forecasts):
            typer.echo(line)
    if wrong:
        raise typer.Exit(1)


@app.command("test")
def trial(
    files: Annotated[list[Path], typer.Argument(help="YAML or JSON files with ScrapeSchedules.")],
    url: Annotated[str | None, typer.Option(help="The address to use in place of the first HTTP target's.")] = None,
    body: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A saved answer to read in place of a request.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="How many items of each target are shown.")] = 10,
    output: Annotated[Output, typer.Option("-o", "--output", help="text or json.")] = Output.TEXT,
) -> None:
    """Run schedules of files once and show their items. Writes nothing; needs no cluster and no database.

    Example: scrape-operator test quotes.yaml --show 3. Exit code 0: all succeeded; 1: anything less.
    """
    from rich.console import Console

    from scrape_operator.cli.trial import Trial, as_records, print_results, run_trial
    from scrape_operator.settings import read_settings

    results = asyncio.run(run_trial(read_settings(), Trial(files, url, body)))
    if output is Output.JSON:
        typer.echo(json.dumps(as_records(results), ensure_ascii=False, indent=2))
    else:
        print_results(results, show, Console())
    if any(result.status is not RunStatus.SUCCEEDED for result in results):
        raise typer.Exit(1)


@app.command()
def init(url: Annotated[str, typer.Argument(help="The address to read, with http:// or https://.")]) -> None:
    """Print a commented schedule for what an address holds: a JSON list, repeated elements, a table or a feed.

    Example: scrape-operator init https://quotes.example/ > quotes.yaml. What it is not sure of is a comment.
    """
    from scrape_operator.cli.init import propose
    from scrape_operator.settings import Settings

    typer.echo(asyncio.run(propose(Settings(), url)), nl=False)


@app.command()
def local(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files and folders with ScrapeSchedules.")],
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="End after this time, such as 10m.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="How many items of each run are shown.")] = 3,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run every schedule once by hand, then end.")] = False,
) -> None:
    """Run schedules of files on this machine, without a cluster, and follow edits of the files.

    Runs and items are kept in the SQLite file scrape-operator.db beside the files, or in DATABASE_URL's database.
    Example: scrape-operator local schedules/ --for 10m. Exit code 0: all runs succeeded; 1: anything less.
    """
    from rich.console import Console

    from scrape_operator.cli.local import run_local
    from scrape_operator.core.durations import parse_duration
    from scrape_operator.local.session import Limits
    from scrape_operator.reporting.logs import configure
    from scrape_operator.settings import read_settings

    configure("console", "ERROR")
    limits = Limits(once, None if duration is None else parse_duration(duration))
    if not asyncio.run(run_local(read_settings(), paths, limits, show, Console())):
        raise typer.Exit(1)


@app.command()
def runs(
    name: Annotated[str | None, typer.Argument(help="The schedule. Absent: all of the namespace.")] = None,
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="The schedule's namespace.")] = "default",
    limit: Annotated[int, typer.Option(min=0, help="How many runs at most; 0 for all.")] = 20,
    output: Annotated[RowFormat, typer.Option("-o", "--output", help="table, json, ndjson or csv.")] = RowFormat.TABLE,
    since: Annotated[str | None, typer.Option(help="Only runs that were due in this time, such as 1d or 2h.")] = None,
    run_id: Annotated[str | None, typer.Option("--id", help="Only the run with this ID, with its targets.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed, in part or as a whole.")] = False,
) -> None:
    """Print the runs of a schedule, the newest first. Reads DATABASE_URL's database, also while an operator uses it.

    Example: scrape-operator runs quotes --failed -n shop. With --id also the outcome of each target of a run.
    """
    from scrape_operator.cli.formats import parse_age
    from scrape_operator.cli.runs import print_run, print_runs
    from scrape_operator.core.ids import parse_run_id
    from scrape_operator.core.reading import RunQuery
    from scrape_operator.settings import read_settings

    statuses = (RunStatus.FAILED, RunStatus.PARTIALLY_SUCCEEDED) if failed else ()
    if run_id is not None:
        printing = print_run(read_settings(), parse_run_id(run_id), output)
    else:
        start = None if since is None else datetime.now(UTC) - parse_age(since)
        query = RunQuery(namespace, name, statuses, since=start)
        printing = print_runs(read_settings(), query, output, limit)
    if not asyncio.run(printing):
        sought = f"of {name or 'any schedule'} in namespace {namespace}" if run_id is None else f"has the ID {run_id}"
        typer.echo(f"no run {sought}", err=True)


@app.command()
def items(
    name: Annotated[str | None, typer.Argument(help="The schedule. Absent: all of the namespace.")] = None,
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="The schedule's namespace.")] = "default",
    target: Annotated[str | None, typer.Option(help="Only the items of this target.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many items at most; 0 for all.")] = 20,
    output: Annotated[RowFormat, typer.Option("-o", "--output", help="table, json, ndjson or csv.")] = RowFormat.TABLE,
    since: Annotated[str | None, typer.Option(help="Only items that changed in this time, such as 1d or 2h.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="Only items with this text in a field: field=value.")] = None,
    columns: Annotated[str | None, typer.Option(help="Only these fields, each in a column: name,price.")] = None,
    *,
    gone: Annotated[bool, typer.Option("--gone", help="Also items that are gone.")] = False,
) -> None:
    """Print the items of a schedule. Reads DATABASE_URL's database, also while an operator uses it.

    Example: scrape-operator items shop -o csv --columns name,price --limit 0.
    """
    from scrape_operator.cli.formats import parse_age
    from scrape_operator.cli.items import ItemView, parse_where, print_items
    from scrape_operator.core.reading import ItemQuery
    from scrape_operator.settings import read_settings

    changed_since = None if since is None else datetime.now(UTC) - parse_age(since)
    query = ItemQuery(namespace, name, target, with_gone=gone, changed_since=changed_since)
    view = ItemView(parse_where(where or ()), [column for column in (columns or "").split(",") if column])
    if not asyncio.run(print_items(read_settings(), query, view, output, limit)):
        typer.echo(f"no item of {name or 'any schedule'} in namespace {namespace}", err=True)


@app.command()
def changes(
    name: Annotated[str | None, typer.Argument(help="The schedule. Absent: all of the namespace.")] = None,
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="The schedule's namespace.")] = "default",
    target: Annotated[str | None, typer.Option(help="Only the items of this target.")] = None,
    since: Annotated[str | None, typer.Option(help="Only changes in this time, such as 1d or 2h.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many changes at most; 0 for all.")] = 50,
    output: Annotated[RowFormat, typer.Option("-o", "--output", help="table, json, ndjson or csv.")] = RowFormat.TABLE,
) -> None:
    """Print how the items of a schedule changed, the newest change first: each field before -> after.

    Example: scrape-operator changes shop --since 1d.
    """
    from scrape_operator.cli.changes import print_changes
    from scrape_operator.cli.formats import parse_age
    from scrape_operator.core.reading import ChangeQuery
    from scrape_operator.settings import read_settings

    start = None if since is None else datetime.now(UTC) - parse_age(since)
    query = ChangeQuery(namespace, name, target, since=start)
    if not asyncio.run(print_changes(read_settings(), query, output, limit)):
        typer.echo(f"no change of an item of {name or 'any schedule'} in namespace {namespace}", err=True)


@app.command()
def version() -> None:
    """Print the version."""
    from scrape_operator import __version__

    typer.echo(__version__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. An error that the user can correct is printed on a line, without a traceback."""
    try:
        app(args=list(arguments) if arguments is not None else None)
    except ScrapeOperatorError as error:
        for line in str(error).splitlines():
            typer.echo(f"scrape-operator: {line}", err=True)
        raise SystemExit(2 if isinstance(error, InvalidSettings | StoreLocked) else 1) from error
