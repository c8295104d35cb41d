"""Verbs of `kubectl scrape` that look at or change objects of the cluster: their arguments and exit codes."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from scrape_operator.cli.formats import Output, OutputOption
from scrape_operator.cli.program import ExitCode, await_result
from scrape_operator.cli.verbs.files import VerboseOption, print_tried

if TYPE_CHECKING:
    from scrape_operator.cluster.client import ClusterClient
    from scrape_operator.plugin.actions import Place
    from scrape_operator.plugin.requested_run import RequestedRun

T = TypeVar("T")

WAIT_SECONDS = 300.0

Name = Annotated[str, typer.Argument(help="The ScrapeSchedule.")]
Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", help="Its namespace; the current one where absent.")
]


def run(
    name: Name,
    namespace: Namespace = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the outcome.")] = WAIT_SECONDS,
    output: OutputOption = Output.TEXT,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome and print it.")] = False,
) -> None:
    """Run a schedule now, also a suspended one.

    With --wait the exit code is 0 where the run succeeded, else 1. With -o json, too, the run is printed as
    `runs --id ID -o json` prints it.

    Example: kubectl scrape run quotes --wait
    """
    from scrape_operator.plugin.actions import await_run, request_run
    from scrape_operator.plugin.requested_run import has_succeeded

    place = _place(name, namespace)

    async def work(client: "ClusterClient") -> "tuple[RequestedRun, str | None]":
        requested = await request_run(client, place)
        return requested, await await_run(client, place, requested, timeout) if wait else None

    requested, line = _with_client(work)
    if output is Output.TEXT:
        typer.echo(line or f"a run of {place} is requested")
    else:
        _print_requested(place, requested, line)
    if line is not None and not has_succeeded(line):
        raise typer.Exit(ExitCode.FOUND)


def _print_requested(place: "Place", requested: "RequestedRun", line: str | None) -> None:
    """Print as JSON the run of a history line, or the request for one."""
    from scrape_operator.plugin.data_verbs import read_rows
    from scrape_operator.plugin.requested_run import run_id_of

    if line is None:
        request = {"namespace": place.namespace, "name": place.name, "requestedAt": requested.token}
        typer.echo(json.dumps(request))
        return
    code = read_rows(("runs",), ("--id", run_id_of(line), "-o", "json", "--namespace", place.namespace))
    if code:
        raise typer.Exit(code)


def suspend(name: Name, namespace: Namespace = None, output: OutputOption = Output.TEXT) -> None:
    """Suspend a schedule: no due time is run until it is resumed.

    Example: kubectl scrape suspend quotes
    """
    _set_suspended(namespace, name, output, is_suspended=True)


def resume(name: Name, namespace: Namespace = None, output: OutputOption = Output.TEXT) -> None:
    """Resume a suspended schedule. Due times that passed are not made up for.

    Example: kubectl scrape resume quotes
    """
    _set_suspended(namespace, name, output, is_suspended=False)


def trial(
    name: Name,
    namespace: Namespace = None,
    show: Annotated[int, typer.Option(min=0, help="How many items of each target are shown.")] = 10,
    output: OutputOption = Output.TEXT,
    *,
    verbose: VerboseOption = False,
) -> None:
    """Run the spec of a schedule once from this machine, and write nothing.

    The exit code is 0 if the run succeeded, else 1.

    Example: kubectl scrape test quotes --show 3
    """
    from scrape_operator.cli.trial import run_objects
    from scrape_operator.core.runs.run import RunStatus
    from scrape_operator.plugin.actions import read
    from scrape_operator.settings import read_settings

    place = _place(name, namespace)
    obj = _with_client(lambda client: read(client, place))
    tried = await_result(run_objects(read_settings(), [obj]))
    print_tried(tried, show, output, is_verbose=verbose)
    if any(each.result.status is not RunStatus.SUCCEEDED for each in tried):
        raise typer.Exit(ExitCode.FOUND)


def logs(*, follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new lines.")] = False) -> None:
    """Print the operator's log.

    Example: kubectl scrape logs -f
    """
    from scrape_operator.plugin.pod import logs as print_logs

    raise typer.Exit(print_logs(follow=follow))


def doctor(
    name: Annotated[str | None, typer.Argument(help="A ScrapeSchedule; all of the namespace where absent.")] = None,
    namespace: Namespace = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what is wrong with the operator and its schedules, and what to do.

    The exit code is 1 where something is wrong, and 3 where the cluster cannot be reached.

    Example: kubectl scrape doctor quotes
    """
    from dataclasses import asdict

    from scrape_operator.plugin.doctor import examine
    from scrape_operator.plugin.findings import Level
    from scrape_operator.settings import read_settings

    settings, place = read_settings(), _place(name or "", namespace)
    found = _with_client(lambda client: examine(client, settings, place.namespace, name))
    if output is Output.JSON:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        for each in found:
            typer.echo(f"{each.level:<8} {each.check}: {each.message}")
            for line in filter(None, (each.remedy, each.manual)):
                typer.echo(f"         {line}")
    wrong = [each.check for each in found if each.level is Level.ERROR]
    if wrong:
        raise typer.Exit(ExitCode.UNREACHABLE if "API server" in wrong else ExitCode.FOUND)


def _set_suspended(namespace: str | None, name: str, output: Output, *, is_suspended: bool) -> None:
    from scrape_operator.plugin.actions import set_suspended

    place = _place(name, namespace)
    _with_client(lambda client: set_suspended(client, place, is_suspended=is_suspended))
    if output is Output.JSON:
        typer.echo(json.dumps({"namespace": place.namespace, "name": place.name, "suspend": is_suspended}))
    else:
        typer.echo(f"{place} is {'suspended' if is_suspended else 'resumed'}")


def _place(name: str, namespace: str | None) -> "Place":
    from scrape_operator.cluster.kubeconfig import current_namespace
    from scrape_operator.plugin.actions import Place

    return Place(namespace or current_namespace(), name)


def _with_client(work: "Callable[[ClusterClient], Awaitable[T]]") -> T:
    from scrape_operator.cluster.client import ClusterClient

    async def connected() -> T:
        async with ClusterClient() as client:
            return await work(client)

    return await_result(connected())
