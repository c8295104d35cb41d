"""Verbs that read manifests: lint, next, test, init and local. None of them needs a cluster."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrape_operator.cli.formats import ManifestFormat, ManifestOption, Output, OutputOption, RecordFormat
from scrape_operator.cli.program import ExitCode, await_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrape_operator.local.trial import Tried

Manifests = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="YAML or JSON files, folders of such files, or - for standard input."),
]

VerboseOption = Annotated[
    bool, typer.Option("-v", "--verbose", help="Print all requests; else more than 10 of a target are counted.")
]


def lint(paths: Manifests, output: OutputOption = Output.TEXT) -> None:
    """Validate manifests as the API server and the controller would, without a cluster.

    Prints one line for each finding: file, object, field path, what is wrong and what to do. Documents of other kinds
    are skipped and counted. The exit code is 1 if there are findings. Warnings go to standard error and change no exit
    code: what runs would refuse, unless the cluster has policies, Secrets or networks that the files do not have, and
    objects of the same kind, namespace and name. Secrets that none of the files has are named there, too.
    SCRAPE_OPERATOR_ALLOW_CIDRS names networks that the cluster allows, and SCRAPE_INTERVAL_MINUTES the interval of
    schedules that name none.

    Example: scrape-operator lint manifests/
    """
    from datetime import timedelta

    from scrape_operator.cli.lint import lint_files
    from scrape_operator.settings import read_settings

    settings = read_settings()
    report = lint_files(paths, settings.allow_cidrs, timedelta(minutes=settings.interval_minutes))
    if output is Output.JSON:
        typer.echo(json.dumps(report.findings, ensure_ascii=False, indent=2))
    else:
        for line in report.findings:
            typer.echo(line)
    for line in (*report.notes, *report.warnings, report.summary):
        typer.echo(line, err=True)
    if report.findings:
        raise typer.Exit(ExitCode.FOUND)


def upcoming(
    files: Manifests,
    count: Annotated[int, typer.Option("-n", min=1, max=10_000, help="The number of due times of each schedule.")] = 10,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="The first time to look at, such as 2026-03-29T00:00:00Z. Absent: now."
        ),
    ] = None,
    uid: Annotated[str, typer.Option(help="The object's UID, from which its offset and H are derived.")] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the next due times of schedules, in UTC and in their time zone, without a cluster.

    Each due time has an outcome: Run, or why it does not run (SkippedWindow, BeforeStartTime, Ended, Suspended).
    An object of the cluster that its failures suspended has the outcome SuspendedByFailures.
    The exit code is 1 if a file is wrong.

    Example: scrape-operator next quotes.yaml -n 5
    """
    from datetime import timedelta

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
        raise typer.Exit(ExitCode.FOUND)


def trial(
    files: Annotated[list[Path], typer.Argument(help="Files and folders with ScrapeSchedules, policies, Secrets.")],
    url: Annotated[str | None, typer.Option(help="The address to use in place of the first HTTP target's.")] = None,
    body: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A saved answer to read in place of a request.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="How many items of each target are shown.")] = 10,
    output: OutputOption = Output.TEXT,
    *,
    verbose: VerboseOption = False,
    update: Annotated[
        bool,
        typer.Option("--update", help="With --body: write the result to a file beside the saved answer, expect.json."),
    ] = False,
) -> None:
    """Run schedules of files once and show their items. Writes nothing; needs no cluster and no database.

    The exit code is 0 if every run succeeded, else 1. If there is a file expect.json beside the saved answer, it is
    compared, and the exit code is 0 if the result is as expected, else 1. Of a further saved answer in the same folder
    the file is BODY.expect.json, such as saved.html.expect.json.

    Example: scrape-operator test quotes.yaml --body saved.html --update
    """
    from scrape_operator.cli.trial import Trial, run_trial
    from scrape_operator.settings import read_settings

    if update and body is None:
        raise typer.BadParameter("needs --body", param_hint="--update")
    tried = await_result(run_trial(read_settings(), Trial(files, url, body)))
    print_tried(tried, show, output, is_verbose=verbose)
    if not (_is_as_expected(tried, body, output, update=update) if body else _has_succeeded(tried)):
        raise typer.Exit(ExitCode.FOUND)


def print_tried(tried: "Sequence[Tried]", show: int, output: Output, *, is_verbose: bool = False) -> None:
    """Print what runs gave."""
    from scrape_operator.cli.networks import network_remedy
    from scrape_operator.cli.trial_report import as_records, print_results

    if output is Output.JSON:
        typer.echo(json.dumps(as_records(tried), ensure_ascii=False, indent=2))
    else:
        print_results(tried, show, is_verbose=is_verbose)
    if remedy := network_remedy(target.message for each in tried for target in each.result.targets):
        typer.echo(f"To allow this address for commands on this machine: {remedy}", err=True)


def _has_succeeded(tried: "Sequence[Tried]") -> bool:
    from scrape_operator.core.runs.run import RunStatus

    return all(each.result.status is RunStatus.SUCCEEDED for each in tried)


def _is_as_expected(tried: "Sequence[Tried]", body: Path, output: Output, *, update: bool) -> bool:
    from scrape_operator.cli.expected import compare, file_beside, write_expected
    from scrape_operator.cli.trial_report import as_records

    file, records = file_beside(body), as_records(tried)
    if update:
        write_expected(file, records, body)
        typer.echo(f"{file} is written", err=True)
        return True
    if not file.exists():
        return _has_succeeded(tried)
    differences = compare(file, records)
    for line in differences:
        typer.echo(line, err=output is Output.JSON)
    return not differences


def init(
    url: Annotated[str, typer.Argument(help="The address to read, with http:// or https://.")],
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="'NAME: VALUE'", help="A header to send, such as 'X-Key: abc'. May be repeated."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="The name of the schedule. Absent: made of host, path and parameters.")
    ] = "",
    output: ManifestOption = ManifestFormat.YAML,
) -> None:
    """Print a commented schedule for what an address holds: lists, tables, feeds, CSV, JSON-LD.

    What it is not sure of is a comment; -o json has no comments. The exit code is 1 if nothing was found there.

    The schedule has the headers of --header, too. The value of one that may be a credential is not written: the
    schedule refers to a Secret, and a comment says how to make it.

    Example: scrape-operator init https://quotes.example/ > quotes.yaml
    """
    from scrape_operator.cli.init import as_json, parse_headers, propose
    from scrape_operator.settings import read_settings

    manifest = await_result(propose(read_settings(), url, parse_headers(header or ()), name))
    typer.echo(as_json(manifest) if output is ManifestFormat.JSON else manifest, nl=False)


def local(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="Files and folders with ScrapeSchedules, policies, Secrets.")
    ],
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="End after this time, such as 10m.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="How many items of each run are shown.")] = 3,
    output: Annotated[
        RecordFormat, typer.Option("-o", "--output", help="text, or whole runs with their items: json, ndjson.")
    ] = RecordFormat.TEXT,
    *,
    once: Annotated[bool, typer.Option("--once", help="Run every schedule once by hand, then end.")] = False,
) -> None:
    """Run schedules of files on this machine, without a cluster, and follow edits of the files.

    Runs and items are kept in the SQLite file scrape-operator.db in the folder of the first PATH, or in DATABASE_URL's
    database. At the end the commands that show them are printed on standard error. The exit code is 0 if all runs
    succeeded, else 1.

    A run is printed when it has ended, with its due time, as `runs` does. -o json prints the runs as `test -o json`
    does, with their IDs.

    Example: scrape-operator local schedules/ --for 10m
    """
    from scrape_operator.cli.local import run_local
    from scrape_operator.core.durations import parse_duration
    from scrape_operator.local.session import Limits
    from scrape_operator.reporting.logs import configure
    from scrape_operator.settings import read_settings

    configure("console", "ERROR")
    limits = Limits(once, None if duration is None else parse_duration(duration))
    if not await_result(run_local(read_settings(), paths, limits, show, output)):
        raise typer.Exit(ExitCode.FOUND)
