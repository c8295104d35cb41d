"""Describes messages to webhooks for `deliveries list`, and has dead letters delivered again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from typing import Any

import orjson
from rich.text import Text

from scrape_operator.cli.absent import ID_LIKENESS, Sought, not_found, report_absence
from scrape_operator.cli.listings import Listing
from scrape_operator.core.nearest import MEANT_MAX, hint_for, shown
from scrape_operator.core.notifications.delivery import MessageStatus
from scrape_operator.core.reading import DeliveryQuery, DeliveryRow
from scrape_operator.core.runs.run import clip
from scrape_operator.core.times import rfc3339
from scrape_operator.settings import Settings
from scrape_operator.storage.messages.redelivery import DeadLetters, redeliver
from scrape_operator.storage.reading.history import SQLHistoryReader, open_history

LINE_MAX_BYTES = 1024
STYLES = {
    MessageStatus.DELIVERED.value: "green",
    MessageStatus.PENDING.value: "yellow",
    MessageStatus.FAILED.value: "red",
}


async def redeliver_dead_letters(settings: Settings, which: DeadLetters, now: datetime) -> int:
    """Make dead letters wait for their delivery again, and return how many there were.

    Raises:
        NotFound: The database has no schedule, no webhook or no message of the name.

    """
    count = await redeliver(settings, which, now)
    if not count:
        is_narrowed = which.webhook is not None or which.message_id is not None
        sought = Sought("dead letter", which.namespace, which.name, is_narrowed=is_narrowed)
        async with open_history(settings) as history:
            await report_absence(history, sought, partial(_demand_dead_letter, history, which))
    return count


async def _demand_dead_letter(history: SQLHistoryReader, which: DeadLetters) -> None:
    query = DeliveryQuery(which.namespace, which.name, which.webhook)
    await demand_webhook(history, query)
    if which.message_id is None:
        return
    statuses = {message.message_id: message.status for message in (await history.deliveries(query)).rows}
    status = statuses.get(which.message_id)
    if status is not None:
        raise not_found(f"the message {which.message_id} is no dead letter: its status is {status}")
    meant = get_close_matches(which.message_id, statuses, n=MEANT_MAX, cutoff=ID_LIKENESS)
    hint = f"did you mean {shown(meant)}?" if meant else "`scrape-operator deliveries list --failed` lists dead letters"
    raise not_found(f"no message that fits the options has the webhook-id {which.message_id}: {hint}")


async def demand_webhook(history: SQLHistoryReader, query: DeliveryQuery) -> None:
    """Raise NotFound for a webhook to which there is no message though there are some to others."""
    if query.webhook is None:
        return
    names = await history.webhook_names(query.namespace, query.name)
    if names and query.webhook not in names:
        place = (
            f"namespace {query.namespace}" if query.name is None else f"ScrapeSchedule {query.namespace}/{query.name}"
        )
        raise not_found(f"{place} has no message to a webhook {query.webhook}: {hint_for(query.webhook, names)}")


async def _describe(_history: SQLHistoryReader, messages: Sequence[DeliveryRow]) -> Iterable[Text]:
    return (line for message in messages for line in describe(message))


def describe(message: DeliveryRow) -> Iterator[Text]:
    """Yield a line for a message, and one for why its last attempt failed."""
    place = f"{message.name} webhook={message.webhook} {message.event} {message.status}"
    next_ = f" next={rfc3339(message.next_attempt_at)}" if message.status == MessageStatus.PENDING.value else ""
    heading = f"{rfc3339(message.created_at)} {place} attempts={message.attempts}{next_} id={message.message_id}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(message.status, ""))
    if message.error:
        yield Text(clip(f"  {message.reason}: {message.error}", LINE_MAX_BYTES))


def _record(message: DeliveryRow) -> Mapping[str, Any]:
    return message._asdict() | {"payload": orjson.loads(message.payload)}


DELIVERIES = Listing(SQLHistoryReader.deliveries, _record, _describe, demand_webhook)
