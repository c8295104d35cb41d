"""The verb `deliveries` with its sub-verbs, `list` and `redeliver`: their arguments and exit codes.

What they do is in modules that are imported when they are called.
"""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from scrape_operator.cli.completion import complete_schedules
from scrape_operator.cli.formats import Output, OutputOption, RowFormat
from scrape_operator.cli.program import EXIT_CODES, ExitCode, await_result
from scrape_operator.cli.quick import QuickCommand, open_app

deliveries_app = open_app(
    "deliveries",
    "List the messages to webhooks (spec.notify), or have dead letters delivered again.\n\n"
    "Example: scrape-operator deliveries list prices --failed",
    is_program=False,
)

Name = Annotated[
    str | None,
    typer.Argument(help="The schedule. Absent: all of the namespace.", autocompletion=complete_schedules),
]
Namespace = Annotated[str, typer.Option("-n", "--namespace", help="The schedule's namespace.")]
WebhookName = Annotated[str | None, typer.Option("--webhook", help="Only the messages to this webhook.")]


@deliveries_app.command("list", cls=QuickCommand, epilog=EXIT_CODES)
def list_(
    name: Name = None,
    namespace: Namespace = "default",
    webhook: WebhookName = None,
    limit: Annotated[int, typer.Option(min=0, help="How many messages at most; 0 for all.")] = 20,
    output: Annotated[RowFormat, typer.Option("-o", "--output", help="table, json, ndjson or csv.")] = RowFormat.TABLE,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only dead letters: messages that were given up.")] = False,
) -> None:
    """Print the messages to webhooks, the newest first: those that wait or were given up, and the last delivered ones.

    With -o json also their payloads.

    Example: scrape-operator deliveries list prices --failed -n shop
    """
    from scrape_operator.cli.absent import Sought
    from scrape_operator.cli.deliveries import DELIVERIES
    from scrape_operator.cli.listings import print_newest
    from scrape_operator.core.notifications.delivery import MessageStatus
    from scrape_operator.core.reading import DeliveryQuery
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.reading.history import open_history

    statuses = (MessageStatus.FAILED,) if failed else ()
    query = DeliveryQuery(namespace, name, webhook, statuses)
    sought = Sought("message to a webhook", namespace, name, is_narrowed=failed or webhook is not None)
    await_result(print_newest(partial(open_history, read_settings()), DELIVERIES, query, sought, output, limit))


@deliveries_app.command("redeliver", cls=QuickCommand, epilog=EXIT_CODES)
def redeliver(
    name: Name = None,
    namespace: Namespace = "default",
    webhook: WebhookName = None,
    message_id: Annotated[str | None, typer.Option("--id", help="Only the message with this webhook-id.")] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Have dead letters delivered again: the operator sends them within seconds, with the IDs that they had.

    A webhook that a receiver disabled with 410 Gone is enabled.

    Example: scrape-operator deliveries redeliver prices -n shop
    """
    from scrape_operator.cli.deliveries import redeliver_dead_letters
    from scrape_operator.settings import read_settings
    from scrape_operator.storage.messages.redelivery import DeadLetters

    which = DeadLetters(namespace, name, webhook, message_id)
    count = await_result(redeliver_dead_letters(read_settings(), which, datetime.now(UTC)))
    if output is Output.JSON:
        typer.echo(json.dumps({"waiting": count}))
    elif count:
        typer.echo(f"{count} messages wait for their delivery")
    if not count:
        raise typer.Exit(ExitCode.FOUND)
