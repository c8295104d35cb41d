"""Verbs of `kubectl scrape` for rows. Their options are those of `scrape-operator`, which reads the rows."""

from collections.abc import Sequence

import typer

from scrape_operator.cli.program import execute

SERVED = frozenset({"runs", "items", "export"})
"""The verbs whose rows are objects of the results API."""


def runs(context: typer.Context) -> None:
    """Print the runs of a schedule, the newest first.

    Example: kubectl scrape runs quotes --outages --since 12h
    """
    _read(("runs",), context.args)


def items(context: typer.Context) -> None:
    """Print the items of a schedule.

    Example: kubectl scrape items quotes -o csv --columns '*'
    """
    _read(("items",), context.args)


def export(context: typer.Context) -> None:
    """Print all items of a schedule for another program, in constant memory.

    Example: kubectl scrape export quotes -o csv --columns '*' > quotes.csv
    """
    _read(("export",), context.args)


def changes(context: typer.Context) -> None:
    """Print how the items of a schedule changed, the newest change first.

    Example: kubectl scrape changes quotes --since yesterday
    """
    _read(("changes",), context.args)


def replay(context: typer.Context) -> None:
    """Read the kept responses of a run by the present spec.

    Example: kubectl scrape replay quotes
    """
    _read(("replay",), context.args)


def deliveries(context: typer.Context) -> None:
    """Print the messages to the webhooks of a schedule, the newest first.

    Example: kubectl scrape deliveries quotes --failed
    """
    _read(("deliveries", "list"), context.args)


def redeliver(context: typer.Context) -> None:
    """Have dead letters of a schedule delivered again.

    Example: kubectl scrape redeliver quotes
    """
    _read(("deliveries", "redeliver"), context.args)


def _read(verb: Sequence[str], options: Sequence[str]) -> None:
    """Print the help of a verb, or what it reads."""
    if {"-h", "--help"} & set(options):
        from scrape_operator.cli import app

        execute(app, "kubectl scrape", [*verb, "--help"])
    raise typer.Exit(read_rows(verb, options))


def read_rows(verb: Sequence[str], options: Sequence[str]) -> int:
    """Print rows from DATABASE_URL's database if it is set, else through the results API, else by exec in the pod.

    Returns:
        The exit code.

    """
    from scrape_operator.plugin.results_rows import NotServed
    from scrape_operator.plugin.ways import DatabaseWay, ExecWay, ResultsWay
    from scrape_operator.settings import read_settings

    arguments = [*verb, *_with_namespace(options)]
    if read_settings().database_url is not None:
        return DatabaseWay().print_rows(arguments)
    reason = f"the results API does not serve `{verb[0]}`"
    if verb[0] in SERVED:
        try:
            return ResultsWay().print_rows(arguments)
        except NotServed as error:
            reason = str(error)
    return ExecWay(reason).print_rows(arguments)


def _with_namespace(options: Sequence[str]) -> Sequence[str]:
    """Return the options with the namespace of the current context, if they name none."""
    from scrape_operator.cluster.kubeconfig import current_namespace

    if any(option.startswith(("-n", "--namespace")) for option in options):
        return options
    return [*options, "--namespace", current_namespace()]
