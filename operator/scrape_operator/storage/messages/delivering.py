"""What the delivery of messages reads and notes. Called by the committer, apart from the functions that only read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, or_, select, update

from scrape_operator.core.notifications.delivery import (
    LONGEST_DELAY,
    Attempt,
    AttemptEnd,
    Check,
    Failure,
    Head,
    Message,
    MessageStatus,
    Place,
    is_lasting,
)
from scrape_operator.core.notifications.webhooks import NotifyEvent, WebhookHealth
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.messages.tables import is_dead, is_pending, webhook_messages, webhooks
from scrape_operator.storage.runs.summaries import reason_of
from scrape_operator.storage.tables import schedules

MAX_DUE = 10_000
"""Webhooks that one look for due messages finds: as many as the outbox holds."""

KEPT_DELIVERED = 10
KEPT_DEAD = 1_000
"""Messages of one webhook that are kept: the newest delivered ones to look at, and dead letters to redeliver."""

_m, _w = webhook_messages.c, webhooks.c


def find_due(connection: Connection, now: datetime) -> Sequence[Place]:
    """Return the webhooks whose first message is due, but not those of schedules that are deleted."""
    first = select(func.min(_m.id)).where(is_pending).group_by(_m.schedule_uid, _m.webhook)
    is_due = or_(_m.next_attempt_at <= now, _m.next_attempt_at > now + LONGEST_DELAY)
    is_live = schedules.c.deleted_at.is_(None)
    due = (
        select(_m.schedule_uid, _m.webhook)
        .join_from(webhook_messages, schedules, schedules.c.uid == _m.schedule_uid)
        .where(_m.id.in_(first), is_pending, is_due, is_live)
        .order_by(_m.id)
        .limit(MAX_DUE)
    )
    return [Place(*row) for row in connection.execute(due)]


def read_head(connection: Connection, place: Place) -> Head | None:
    """Return the first message that waits for a webhook, or None if none does."""
    is_of = and_(_w.schedule_uid == _m.schedule_uid, _w.name == _m.webhook)
    first = (
        select(webhook_messages, _w.disabled_generation)
        .join_from(webhook_messages, webhooks, is_of, isouter=True)
        .where(_m.schedule_uid == place.uid, _m.webhook == place.webhook, is_pending)
        .order_by(_m.id)
        .limit(1)
    )
    row = connection.execute(first).one_or_none()
    return None if row is None else Head(_message(row), row.disabled_generation)


def begin_attempts(connection: Connection, attempts: Sequence[Attempt]) -> list[str | None]:
    """Note that messages are about to be sent. Return the payload of each, or None if it does not wait any more.

    From now on nothing is merged into them. Until now it may have been, also since the message was read.
    """
    return [connection.scalar(_BEGUN, _begun_values(attempt)) for attempt in attempts]


def end_attempts(connection: Connection, ends: Sequence[AttemptEnd]) -> list[WebhookHealth]:
    """Note what became of attempts. Return how each webhook is after it."""
    return [_end(connection, end) for end in ends]


def note_checks(connection: Connection, checks: Sequence[Check]) -> list[WebhookHealth]:
    """Note whether the Secrets of webhooks could be read. Return how each webhook is after it."""
    for check in checks:
        _note_check(connection, check)
    return [read_health(connection, check.place) for check in checks]


def read_health(connection: Connection, place: Place) -> WebhookHealth:
    """Return how a webhook is."""
    stored = select(webhooks).where(_w.schedule_uid == place.uid, _w.name == place.webhook)
    row = connection.execute(stored).one_or_none()
    is_of = and_(_m.schedule_uid == place.uid, _m.webhook == place.webhook)
    dead = connection.scalar(select(func.count()).select_from(webhook_messages).where(is_of, is_dead)) or 0
    return WebhookHealth(place.webhook, dead_letters=dead) if row is None else health_of(row, dead)


def read_healths(connection: Connection, uids: Sequence[str]) -> Mapping[str, Sequence[WebhookHealth]]:
    """Return how the webhooks of schedules are, by UID; those without events and failures so far are left out."""
    counted = select(_m.schedule_uid, _m.webhook, func.count()).where(is_dead, _m.schedule_uid.in_(uids))
    grouped = connection.execute(counted.group_by(_m.schedule_uid, _m.webhook))
    dead = {Place(uid, name): count for uid, name, count in grouped}
    healths: dict[str, list[WebhookHealth]] = {}
    for row in connection.execute(select(webhooks).where(_w.schedule_uid.in_(uids))):
        count = dead.get(Place(row.schedule_uid, row.name), 0)
        healths.setdefault(row.schedule_uid, []).append(health_of(row, count))
    return healths


def health_of(row: Row[*tuple[Any, ...]], dead_letters: int) -> WebhookHealth:
    """Return the health that a row of `webhooks` holds."""
    reason = None if row.reason is None else reason_of(row.reason)
    is_disabled = row.disabled_generation is not None
    return WebhookHealth(row.name, reason, row.message or "", dead_letters, is_disabled)


def _message(row: Row[*tuple[Any, ...]]) -> Message:
    return Message(
        row.id,
        row.message_id,
        row.schedule_uid,
        row.webhook,
        NotifyEvent(row.event),
        row.run_id,
        row.payload,
        row.attempts,
        row.next_attempt_at,
        row.first_attempt_at,
    )


_BEGUN = (
    update(webhook_messages)
    .where(_m.id == bindparam("number"), is_pending)
    .values(
        attempts=_m.attempts + 1,
        first_attempt_at=func.coalesce(_m.first_attempt_at, bindparam("at", type_=_m.sent_at.type)),
        next_attempt_at=bindparam("retry_at", type_=_m.next_attempt_at.type),
        sent_at=bindparam("at", type_=_m.sent_at.type),
    )
    .returning(_m.payload)
)


def _begun_values(attempt: Attempt) -> dict[str, Any]:
    return {"number": attempt.message.number, "at": attempt.at, "retry_at": attempt.retry_at}


def _end(connection: Connection, end: AttemptEnd) -> WebhookHealth:
    failure, is_retried = end.failure, end.retry_at is not None
    status = MessageStatus.PENDING if is_retried else MessageStatus.FAILED
    values = {
        "status": (MessageStatus.DELIVERED if failure is None else status).value,
        "next_attempt_at": end.retry_at or end.at,
        "ended_at": None if is_retried else end.at,
        "reason": None if failure is None else failure.reason.value,
        "error": None if failure is None else failure.message,
    }
    ended = connection.execute(update(webhook_messages).where(_m.id == end.message.number).values(values))
    if ended.rowcount == 0:  # its schedule was deleted meanwhile
        return read_health(connection, end.place)
    if failure is not None and failure.is_final:
        _give_up_all(connection, end.place, values)
    shown = failure if failure and (not is_retried or is_lasting(failure, end.message.attempts + 1)) else None
    if failure is None or shown is not None:
        disabled = end.generation if failure is not None and failure.is_final else None
        _note_health(connection, end.place, shown, disabled)
    if not is_retried:
        _trim(connection, end.place)
    return read_health(connection, end.place)


def _give_up_all(connection: Connection, place: Place, values: dict[str, Any]) -> None:
    is_of = and_(_m.schedule_uid == place.uid, _m.webhook == place.webhook)
    connection.execute(update(webhook_messages).where(is_of, is_pending).values(values))


def _note_health(
    connection: Connection, place: Place, failure: Failure | None, disabled_generation: int | None
) -> None:
    values = {
        "schedule_uid": place.uid,
        "name": place.webhook,
        "reason": None if failure is None else failure.reason.value,
        "message": None if failure is None else failure.message,
        "disabled_generation": disabled_generation,
    }
    connection.execute(_noted(connection.dialect.name), values)


def _note_check(connection: Connection, check: Check) -> None:
    """Note what a check found; it says nothing of the receiver."""
    place, failure = check
    is_of = and_(_w.schedule_uid == place.uid, _w.name == place.webhook)
    if failure is not None:
        disabled_generation = connection.scalar(select(_w.disabled_generation).where(is_of))
        _note_health(connection, place, failure, disabled_generation)
        return
    was_missing = _w.reason == Reason.SECRET_NOT_FOUND.value
    connection.execute(update(webhooks).where(is_of, was_missing).values(reason=None, message=None))


@cache
def _noted(dialect: str) -> Upsert:
    statement = insert_into(dialect, webhooks)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[_w.schedule_uid, _w.name],
        set_={"reason": new.reason, "message": new.message, "disabled_generation": new.disabled_generation},
        where=or_(
            _w.reason.is_distinct_from(new.reason),
            _w.message.is_distinct_from(new.message),
            _w.disabled_generation.is_distinct_from(new.disabled_generation),
        ),
    )


def _trim(connection: Connection, place: Place) -> None:
    """Delete delivered messages and dead letters of a webhook beyond the bounds."""
    of_webhook = and_(_m.schedule_uid == place.uid, _m.webhook == place.webhook)
    for status, kept in ((MessageStatus.DELIVERED, KEPT_DELIVERED), (MessageStatus.FAILED, KEPT_DEAD)):
        is_of = and_(of_webhook, _m.status == status.value)
        newest_beyond = select(_m.id).where(is_of).order_by(_m.id.desc()).offset(kept).limit(1).scalar_subquery()
        connection.execute(delete(webhook_messages).where(is_of, _m.id <= newest_beyond))
