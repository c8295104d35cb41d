"""Writes the messages that the ends of runs have. Called by `finishing` and `leases`, in their transactions.

So a message exists if and only if the end of its run is stored. A message about changed items is merged into the last
message of its webhook if that is also about changed items and was never sent. A message that a receiver may have seen
keeps its payload.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Update, and_, bindparam, func, insert, or_, select, update

from scrape_operator.core.notifications.changes import ListedChanges
from scrape_operator.core.notifications.delivery import MessageStatus
from scrape_operator.core.notifications.events import Reported, RunEnd, events_of
from scrape_operator.core.notifications.payloads import merge_payloads, payload_of
from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.messages.tables import is_pending, webhook_messages, webhooks
from scrape_operator.storage.tables import schedules

MAX_PENDING = 1_000
"""Messages that wait for one webhook. Beyond it the oldest ones are given up."""

NO_CHANGES = ListedChanges(())

_m, _w = webhook_messages.c, webhooks.c

WebhookKey = tuple[str, str]
"""UID of the schedule, and name of the webhook."""

Values = dict[str, Any]


class Subscription(NamedTuple):
    """The name of a webhook, and the events that it is called for."""

    name: str
    events: Collection[NotifyEvent]


class Ending(NamedTuple):
    """The end of a run, the webhooks of its schedule, and the changes that messages list."""

    end: RunEnd
    webhooks: Sequence[Subscription]
    changes: ListedChanges = NO_CHANGES


class _New(NamedTuple):
    """A message that is to be written. `is_only` says that its run has no other for this webhook."""

    webhook: WebhookKey
    event: NotifyEvent
    end: RunEnd
    payload: str
    is_only: bool


def write_messages(connection: Connection, endings: Sequence[Ending]) -> None:
    """Write the messages of runs that ended now; no two of them may be of one schedule."""
    told = [ending for ending in endings if ending.webhooks]
    if not told:
        return
    known = _reported(connection, {ending.end.key.uid for ending in told})
    new, memory = [], []
    for ending in told:
        for webhook in ending.webhooks:
            key = (ending.end.key.uid, webhook.name)
            events, reported = events_of(ending.end, known.get(key, Reported()))
            wanted = [event for event in events if event in webhook.events]
            if reported != known.get(key, Reported()):
                memory.append(_memory_row(key, reported))
            new += list(_messages(key, wanted, ending))
    if memory:
        connection.execute(_remembered(connection.dialect.name), memory)
    if new:
        _write(connection, new)


def subscriptions_of(connection: Connection, uids: Collection[str]) -> Mapping[str, Sequence[Subscription]]:
    """Return the webhooks of schedules as they were at their last slot; schedules without any are left out."""
    asked = select(schedules.c.uid, schedules.c.webhooks).where(schedules.c.uid.in_(uids))
    return {
        uid: [Subscription(str(one["name"]), one["events"]) for one in stored]
        for uid, stored in connection.execute(asked)
        if stored
    }


def _reported(connection: Connection, uids: Collection[str]) -> Mapping[WebhookKey, Reported]:
    asked = select(_w.schedule_uid, _w.name, _w.run_failed, _w.data_unhealthy).where(_w.schedule_uid.in_(uids))
    return {(uid, name): Reported(failed, unhealthy) for uid, name, failed, unhealthy in connection.execute(asked)}


def _memory_row(key: WebhookKey, reported: Reported) -> Values:
    uid, name = key
    return {"schedule_uid": uid, "name": name, **reported._asdict()}


@cache
def _remembered(dialect: str) -> Upsert:
    statement = insert_into(dialect, webhooks)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[_w.schedule_uid, _w.name],
        set_={"run_failed": new.run_failed, "data_unhealthy": new.data_unhealthy},
    )


def _messages(key: WebhookKey, events: Sequence[NotifyEvent], ending: Ending) -> Iterator[_New]:
    for event in events:
        payload = payload_of(event, key[1], ending.end, ending.changes)
        yield _New(key, event, ending.end, payload, is_only=len(events) == 1)


def _write(connection: Connection, new: Sequence[_New]) -> None:
    mergeable = [one for one in new if one.event is NotifyEvent.ITEMS_CHANGED and one.is_only]
    tails = _unsent_tails(connection, {one.webhook for one in mergeable})
    merged = [one for one in mergeable if one.webhook in tails]
    if merged:
        connection.execute(_MERGED, [_merged_row(tails[one.webhook], one) for one in merged])
    added = [one for one in new if one not in merged]
    if added:
        connection.execute(insert(webhook_messages), [_row(one) for one in added])
        for key in sorted({one.webhook for one in added}):
            connection.execute(_OVERFLOW, _overflow_values(key, added))


def _unsent_tails(connection: Connection, keys: Collection[WebhookKey]) -> Mapping[WebhookKey, Row[*tuple[Any, ...]]]:
    """Return the last message of each webhook, where it is about changed items and was never sent."""
    if not keys:
        return {}
    is_asked = or_(*(and_(_m.schedule_uid == uid, _m.webhook == name) for uid, name in sorted(keys)))
    last = select(func.max(_m.id)).where(is_pending, is_asked).group_by(_m.schedule_uid, _m.webhook)
    is_unsent = and_(_m.event == NotifyEvent.ITEMS_CHANGED.value, _m.sent_at.is_(None), is_pending)
    found = select(_m.id, _m.schedule_uid, _m.webhook, _m.payload).where(_m.id.in_(last), is_unsent)
    return {(row.schedule_uid, row.webhook): row for row in connection.execute(found)}


_MERGED = (
    update(webhook_messages)
    .where(_m.id == bindparam("number"))
    .values(payload=bindparam("merged"), run_id=bindparam("run"))
)


def _merged_row(tail: Row[*tuple[Any, ...]], new: _New) -> Values:
    return {"number": tail.id, "merged": merge_payloads(tail.payload, new.payload), "run": new.end.run_id}


def _row(new: _New) -> Values:
    uid, webhook = new.webhook
    return {
        "message_id": message_id(new.webhook, new.event, new.end),
        "schedule_uid": uid,
        "namespace": new.end.key.namespace,
        "name": new.end.key.name,
        "webhook": webhook,
        "event": new.event.value,
        "run_id": new.end.run_id,
        "status": MessageStatus.PENDING.value,
        "payload": new.payload,
        "created_at": new.end.completed_at,
        "next_attempt_at": new.end.completed_at,
    }


def message_id(webhook: WebhookKey, event: NotifyEvent, end: RunEnd) -> str:
    """Return the ID of a message: one event of one run has the same for a webhook, whoever writes it."""
    digest = blake2b("/".join((*webhook, event.value, end.run_id.hex)).encode(), digest_size=16)
    return f"msg_{digest.hexdigest()}"


_of_webhook = and_(_m.schedule_uid == bindparam("of"), _m.webhook == bindparam("by"), is_pending)


def overflow(most: int) -> Update:
    """Return the statement that gives up the oldest messages that wait for a webhook, beyond a number."""
    newest_beyond = select(_m.id).where(_of_webhook).order_by(_m.id.desc()).offset(most).limit(1).scalar_subquery()
    return (
        update(webhook_messages)
        .where(_of_webhook, _m.id <= newest_beyond)
        .values(
            status=MessageStatus.FAILED.value,
            reason=Reason.BUDGET_EXHAUSTED.value,
            error=f"more than {most} messages waited for the receiver",
            ended_at=bindparam("at", type_=_m.ended_at.type),
        )
    )


_OVERFLOW = overflow(MAX_PENDING)


def _overflow_values(key: WebhookKey, added: Sequence[_New]) -> Values:
    uid, name = key
    return {"of": uid, "by": name, "at": max(one.end.completed_at for one in added if one.webhook == key)}
