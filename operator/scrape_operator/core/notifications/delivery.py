"""Messages, and the rules of their delivery: what an answer means, when to try again, when to give up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from scrape_operator.core.backoff import Backoff
from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.reasons import Reason

BACKOFF = Backoff(initial_seconds=2.0, max_seconds=3600.0, max_retry_after_seconds=3600.0)
"""Minutes after a short outage, once in half an hour on average during a long one."""

GIVE_UP_AFTER = timedelta(days=1)
"""From the first attempt; a message that did not arrive by then is a dead letter."""

LONGEST_DELAY = timedelta(hours=2)
"""More than any pause before an attempt. A message that waits longer was written before the wall clock was set back."""

GONE = 410


class MessageStatus(StrEnum):
    """The state of a message. A dead letter is FAILED; it waits for a person to have it delivered again."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits for its delivery.

    `number` is its place in the order. `attempts` counts the attempts since the message was written, or since a person
    had it delivered again; `first_attempt_at` is when the first of them began.
    """

    number: int
    id: str
    schedule_uid: str
    webhook: str
    event: NotifyEvent
    run_id: UUID
    payload: str
    attempts: int
    next_attempt_at: datetime
    first_attempt_at: datetime | None = None


class Failure(NamedTuple):
    """Why an attempt failed. `retry_after` is the delay that the receiver asked for, in seconds."""

    reason: Reason
    message: str
    http_status: int | None = None
    retry_after: float | None = None

    @property
    def is_final(self) -> bool:
        """Whether the receiver wants no more messages: the webhook is disabled."""
        return self.http_status == GONE


class Place(NamedTuple):
    """A webhook of a schedule."""

    uid: str
    webhook: str


class Head(NamedTuple):
    """The first message that waits for a webhook, and the generation of the spec in which its receiver was gone."""

    message: Message
    disabled_generation: int | None


class Attempt(NamedTuple):
    """An attempt that begins; `retry_at` is when to try again if this process does not note its end."""

    message: Message
    at: datetime
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """The end of an attempt. Without `failure` the message was delivered; without `retry_at` it is given up.

    `generation` is that of the spec whose webhook was used.
    """

    message: Message
    at: datetime
    generation: int
    failure: Failure | None = None
    retry_at: datetime | None = None

    @property
    def place(self) -> Place:
        """The webhook of the message."""
        return Place(self.message.schedule_uid, self.message.webhook)


class Check(NamedTuple):
    """The result of reading the Secrets of a webhook that has no message: why they could not be read, or None."""

    place: Place
    failure: Failure | None


def seconds_until(next_attempt_at: datetime, now: datetime) -> float:
    """Return how long a message waits for its next attempt; 0 if it is due."""
    wait = next_attempt_at - now
    return wait.total_seconds() if timedelta(0) < wait <= LONGEST_DELAY else 0.0


def next_attempt(message: Message, failure: Failure, now: datetime, random: Callable[[], float]) -> datetime | None:
    """Return when to try again after an attempt that failed, or None to give the message up.

    `message` is as it was before the attempt. `random` returns a number from 0 to 1.
    """
    if failure.is_final:
        return None
    at = now + timedelta(seconds=BACKOFF.delay(message.attempts, random, retry_after=failure.retry_after))
    return at if at <= (message.first_attempt_at or now) + GIVE_UP_AFTER else None


SHOWN_AFTER_ATTEMPTS = 3


def is_lasting(failure: Failure, attempts: int) -> bool:
    """Return whether the status shows a failure: a first one may pass by itself, a missing Secret does not."""
    return failure.reason is Reason.SECRET_NOT_FOUND or attempts >= SHOWN_AFTER_ATTEMPTS
