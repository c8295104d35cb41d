"""The verbs of `kubectl scrape`. Each works in the current context; -n names another namespace."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.kubeconfig import current_namespace
from scrape_operator.core.errors import ClusterError, InvalidSettings, ScrapeOperatorError

T = TypeVar("T")

WAIT_SECONDS = 300.0
CANNOT_REACH = 3

app = typer.Typer(
    name="kubectl scrape",
    help="Look after ScrapeSchedules with kubectl.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 found something wrong, 2 wrong use, 3 the cluster can't be reached.",
)

Name = Annotated[str, typer.Argument(help="The ScrapeSchedule.")]
Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", help="Its namespace; the current one where absent.")
]


def _with_client(work: Callable[[ClusterClient], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with ClusterClient() as client:
            return await work(client)

    return asyncio.run(connected())


@app.command()
def run(
    name: Name,
    namespace: Namespace = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the outcome.")] = WAIT_SECONDS,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome and print it.")] = False,
) -> None:
    """Run a schedule now, also a suspended one. Example: kubectl scrape run quotes --wait.

    With --wait the exit code is 0 where the run succeeded, else 1.
    """
    from scrape_operator.plugin.actions import Place, await_run, request_run

    place = Place(namespace or current_namespace(), name)

    async def work(client: ClusterClient) -> str | None:
        requested = await request_run(client, place)
        return await await_run(client, place, requested, timeout) if wait else None

    line = _with_client(work)
    typer.echo(line or f"a run of {place} is requested")
    if line is not None and " Succeeded " not in f"{line} " and " NotModified " not in line:
        raise typer.Exit(1)


@app.command()
def suspend(name: Name, namespace: Namespace = None) -> None:
    """Suspend a schedule: no due time is run until it is resumed. Example: kubectl scrape suspend quotes."""
    _set_suspended(namespace, name, is_suspended=True)


@app.command()
def resume(name: Name, namespace: Namespace = None) -> None:
    """Resume a suspended schedule. Due times that passed are not made up for. Example: kubectl scrape resume quotes."""
    _set_suspended(namespace, name, is_suspended=False)


def _set_suspended(namespace: str | None, name: str, *, is_suspended: bool) -> None:
    from scrape_operator.plugin.actions import Place, set_suspended

    place = Place(namespace or current_namespace(), name)
    _with_client(lambda client: set_suspended(client, place, is_suspended=is_suspended))
    typer.echo(f"{place} is {'suspended' if is_suspended else 'resumed'}")


@app.command("test")
def trial(
    name: Name,
    namespace: Namespace = None,
    show: Annotated[int, typer.Option(min=0, help="How many items of each target are shown.")] = 10,
) -> None:
    """Run a schedule's spec once from this machine, and write nothing. Example: kubectl scrape test quotes."""
    from rich.console import Console

    from scrape_operator.cli.trial import print_results, run_objects
    from scrape_operator.core.runs.run import RunStatus
    from scrape_operator.plugin.actions import Place, read
    from scrape_operator.settings import read_settings

    place = Place(namespace or current_namespace(), name)
    obj = _with_client(lambda client: read(client, place))
    results = asyncio.run(run_objects(read_settings(), [obj]))
    print_results(results, show, Console())
    if any(result.status is not RunStatus.SUCCEEDED for result in results):
        raise typer.Exit(1)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def runs(context: typer.Context, name: Name, namespace: Namespace = None) -> None:
    """Print the runs of a schedule. Options are those of `scrape-operator runs`.

    Example: kubectl scrape runs quotes.
    """
    _read("runs", name, namespace, context.args)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def items(context: typer.Context, name: Name, namespace: Namespace = None) -> None:
    """Print the items of a schedule. Options are those of `scrape-operator items`.

    Example: kubectl scrape items quotes -o csv.
    """
    _read("items", name, namespace, context.args)


def _read(verb: str, name: str, namespace: str | None, options: Sequence[str]) -> None:
    """Read from DATABASE_URL's database where it is set, else by the same command in the operator's pod."""
    from scrape_operator.cli import main as command
    from scrape_operator.plugin.pod import run_in_operator
    from scrape_operator.settings import read_settings

    arguments = [verb, name, "--namespace", namespace or current_namespace(), *options]
    if read_settings().database_url is not None:
        typer.echo("reading from DATABASE_URL", err=True)
        command(arguments)
    else:
        typer.echo("reading by kubectl exec from the operator's pod", err=True)
        typer.echo(run_in_operator(arguments), nl=False)


@app.command()
def logs(*, follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new lines.")] = False) -> None:
    """Print the operator's log. Example: kubectl scrape logs -f."""
    from scrape_operator.plugin.pod import logs as print_logs

    raise typer.Exit(print_logs(follow=follow))


@app.command()
def doctor(
    name: Annotated[str | None, typer.Argument(help="A ScrapeSchedule; all of the namespace where absent.")] = None,
    namespace: Namespace = None,
    output: Annotated[str, typer.Option("-o", "--output", help="text or json.")] = "text",
) -> None:
    """Print what is wrong with the operator and its schedules, and what to do. Example: kubectl scrape doctor.

    Exit code 1 where something is wrong.
    """
    from scrape_operator.plugin.doctor import Level, examine
    from scrape_operator.settings import read_settings

    settings = read_settings()
    where = namespace or current_namespace()
    found = _with_client(lambda client: examine(client, settings, where, name))
    if output == "json":
        rows: list[dict[str, Any]] = [
            {"check": each.check, "level": str(each.level), "message": each.message, "remedy": each.remedy}
            for each in found
        ]
        typer.echo(json.dumps(rows, indent=2))
    else:
        for each in found:
            typer.echo(f"{each.level:<8} {each.check}: {each.message}")
            if each.remedy:
                typer.echo(f"         {each.remedy}")
    if any(each.level is Level.ERROR for each in found):
        raise typer.Exit(1)


def main() -> None:
    """Run the plugin. An error is one line."""
    try:
        app()
    except ScrapeOperatorError as error:
        typer.echo(f"kubectl scrape: {error}", err=True)
        code = 2 if isinstance(error, InvalidSettings) else CANNOT_REACH if isinstance(error, ClusterError) else 1
        sys.exit(code)
