"""Verbs that read the database: runs, items and changes. It may be in use by a running operator."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from scrape_operator.cli.completion import complete_schedules
from scrape_operator.cli.formats import ExportFormat, ReplayFormat, RowFormat
from scrape_operator.cli.program import ExitCode, await_result

if TYPE_CHECKING:
    from datetime import datetime

    from scrape_operator.core.reading import OpenRows

Name = Annotated[
    str | None,
    typer.Argument(help="The schedule. Absent: all of the namespace.", autocompletion=complete_schedules),
]
Namespace = Annotated[str, typer.Option("-n", "--namespace", help="The schedule's namespace.")]
Target = Annotated[str | None, typer.Option(help="Only the items of this target.")]
Where = Annotated[list[str] | None, typer.Option(help="Only items with exactly this text in a field: field=value.")]
SINCE = "a length of time such as 1d or 2h, today, yesterday, or a time such as 2026-11-29 or 2026-11-29T08:00Z."
UNTIL = "written as for --since."
ChangedSince = Annotated[str | None, typer.Option(help=f"Only items that changed since then: {SINCE}")]
ChangedUntil = Annotated[str | None, typer.Option(help=f"Only items whose last change was before then, {UNTIL}")]
Gone = Annotated[bool, typer.Option("--gone", help="Also items that are gone. Their gone_at is not empty.")]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Only these fields, each in a column: title,link. '*' for all that the first 500 items have. Also "
        "schedule, namespace, target, key, first_seen_at, last_seen_at, changed_at and gone_at."
    ),
]
RUNS_MAX = 20
"""Runs that are printed if no other number is given."""

Format = Annotated[RowFormat, typer.Option("-o", "--output", help="table, json, ndjson, csv or parquet.")]


def runs(
    context: typer.Context,
    name: Name = None,
    namespace: Namespace = "default",
    limit: Annotated[
        int | None,
        typer.Option("--limit", "--last", min=0, help="How many runs at most; 0 for all. Absent: 20, of outages all."),
    ] = None,
    output: Format = RowFormat.TABLE,
    since: Annotated[str | None, typer.Option(help=f"Only runs that were due since then: {SINCE}")] = None,
    until: Annotated[str | None, typer.Option(help=f"Only runs that were due before then, {UNTIL}")] = None,
    run_id: Annotated[str | None, typer.Option("--id", help="Only the run with this ID, with its targets.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed, in part or as a whole.")] = False,
    outages: Annotated[
        bool, typer.Option("--outages", help="A line for each series of runs with the same outcome, the oldest first.")
    ] = False,
) -> None:
    """Print the runs of a schedule, the newest first. Reads DATABASE_URL's database, also while an operator uses it.

    With --id also the outcome of each target of a run. warnings= counts the warnings of all targets: --id prints them.
    --outages --since 12h says why runs failed last night: when each outage began and ended, and its first message.
    `generation` in -o json is the version of the spec that the run used: metadata.generation of the object, or the
    time at which the file was written, in milliseconds, with `local`.

    Example: scrape-operator runs quotes --failed -n shop
    """
    from scrape_operator.cli.absent import Sought
    from scrape_operator.cli.listings import print_newest
    from scrape_operator.cli.outages import print_outages
    from scrape_operator.cli.runs import RUNS, print_run
    from scrape_operator.core.ids import parse_run_ids
    from scrape_operator.core.reading import RunQuery
    from scrape_operator.core.runs.run import RunStatus

    if run_id is not None:
        await_result(print_run(_open_rows(context), namespace, parse_run_ids(run_id), output))
        return
    statuses = (RunStatus.FAILED, RunStatus.PARTIALLY_SUCCEEDED) if failed and not outages else ()
    query = RunQuery(namespace, name, statuses, None, *_period(since, until))
    sought = Sought("run", namespace, name, is_narrowed=failed or bool(since or until))
    if outages:
        work = print_outages(_open_rows(context), query, sought, output, limit or 0, only_failed=failed)
    else:
        work = print_newest(_open_rows(context), RUNS, query, sought, output, RUNS_MAX if limit is None else limit)
    await_result(work)


def items(
    context: typer.Context,
    name: Name = None,
    namespace: Namespace = "default",
    target: Target = None,
    limit: Annotated[int, typer.Option(min=0, help="How many items at most; 0 for all.")] = 20,
    output: Format = RowFormat.TABLE,
    since: ChangedSince = None,
    until: ChangedUntil = None,
    where: Where = None,
    columns: Columns = None,
    *,
    gone: Gone = False,
) -> None:
    """Print the items of a schedule. Reads DATABASE_URL's database, also while an operator uses it.

    They are ordered by schedule, target and key; keys are compared as text, so that 10 comes before 2.
    Without --columns, -o csv, json, ndjson and parquet have the rows of the table `items`, with the fields in `data`.

    Example: scrape-operator items shop -o csv --columns '*' --limit 0
    """
    from scrape_operator.cli.absent import Sought
    from scrape_operator.cli.items import ItemView, parse_where, print_items
    from scrape_operator.core.reading import ItemQuery

    start, end = _period(since, until)
    query = ItemQuery(namespace, name, target, with_gone=gone, changed_since=start, changed_until=end)
    view = ItemView(parse_where(where or ()), [column for column in (columns or "").split(",") if column])
    is_narrowed = bool(since or until or where)
    sought = Sought("item", namespace, name, target, is_narrowed=is_narrowed, is_of_live=not gone)
    await_result(print_items(_open_rows(context), query, view, sought, output, limit))


def export(
    context: typer.Context,
    name: Name = None,
    namespace: Namespace = "default",
    target: Target = None,
    output: Annotated[
        ExportFormat, typer.Option("-o", "--output", help="csv, ndjson, json or parquet.")
    ] = ExportFormat.CSV,
    since: ChangedSince = None,
    until: ChangedUntil = None,
    where: Where = None,
    columns: Columns = None,
    *,
    gone: Gone = False,
) -> None:
    """Print all items of a schedule for another program, row by row: memory does not grow with their number.

    Without --columns, the output has the rows of the table `items`, with the fields as JSON in the column `data`.

    Example: scrape-operator export shop -o csv --columns '*' > shop.csv
    """
    items(context, name, namespace, target, 0, RowFormat(output), since, until, where, columns, gone=gone)


def changes(
    name: Name = None,
    namespace: Namespace = "default",
    target: Target = None,
    since: Annotated[str | None, typer.Option(help=f"Only changes since then: {SINCE}")] = None,
    until: Annotated[str | None, typer.Option(help=f"Only changes before then, {UNTIL}")] = None,
    change: Annotated[
        list[str] | None, typer.Option(help="Only changes of this kind: NEW, CHANGED, GONE or BACK. Repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many changes at most; 0 for all.")] = 50,
    output: Format = RowFormat.TABLE,
) -> None:
    """Print how the items of a schedule changed, the newest change first: each field before -> after.

    Example: scrape-operator changes shop --since yesterday --change GONE
    """
    from scrape_operator.cli.absent import Sought
    from scrape_operator.cli.changes import CHANGES, parse_kinds
    from scrape_operator.cli.listings import print_newest
    from scrape_operator.core.reading import ChangeQuery
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.reading.history import open_history

    query = ChangeQuery(namespace, name, target, parse_kinds(change or ()), *_period(since, until))
    sought = Sought("change of an item", namespace, name, target, is_narrowed=bool(since or until or change))
    await_result(print_newest(partial(open_history, read_settings()), CHANGES, query, sought, output, limit))


def replay(
    name: Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule.", autocompletion=complete_schedules)],
    namespace: Annotated[
        str | None, typer.Option("-n", "--namespace", help="Its namespace; that of the file or context where absent.")
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="The run. Absent: the newest with kept responses.")
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Option("-f", "--file", help="Files or folders with the spec. Absent: the cluster's.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many differences are shown; 0 for all.")] = 50,
    output: Annotated[ReplayFormat, typer.Option("-o", "--output", help="table or json.")] = ReplayFormat.TABLE,
    *,
    write: Annotated[bool, typer.Option("--write", help="Store the result as a run with the trigger replay.")] = False,
) -> None:
    """Read the kept responses of a run by the present spec, and show the differences to what is stored.

    `generation` is that of the present spec: metadata.generation of the object, 1 for a file.
    Sends no request. With --write the items are stored; a SQLite file must not be in use then. The exit code is 0 if
    all targets succeeded, else 1.

    Example: scrape-operator replay quotes -f quotes.yaml
    """
    from scrape_operator.cli.replay import ReplayRequest, as_json, print_replay
    from scrape_operator.cli.replay import replay as replay_run
    from scrape_operator.core.ids import parse_run_ids
    from scrape_operator.core.runs.run import RunStatus
    from scrape_operator.settings import read_settings

    request = ReplayRequest(name, namespace, None if run_id is None else parse_run_ids(run_id), files or ())
    replayed = await_result(replay_run(read_settings(), request, write=write))
    if output is ReplayFormat.JSON:
        typer.echo(as_json(replayed))
    else:
        print_replay(replayed, limit)
    if replayed.result.status is not RunStatus.SUCCEEDED:
        raise typer.Exit(ExitCode.FOUND)


def _open_rows(context: typer.Context) -> "OpenRows":
    """Return how rows are read: as the program says that has this verb, else from the database of the settings."""
    if context.obj is not None:
        return cast("OpenRows", context.obj)
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.reading.history import open_history

    return partial(open_history, read_settings())


def _period(since: str | None, until: str | None) -> "tuple[datetime | None, datetime | None]":
    """Return the times that `--since` and `--until` name. Raises InvalidValue, also if no time is between them."""
    from datetime import UTC, datetime

    from scrape_operator.cli.formats import parse_period

    return parse_period(since, until, datetime.now(UTC))
