"""The messages to webhooks, for their delivery. A part of `SQLRunStore`, with its connections and its writer."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from scrape_operator.core.notifications.delivery import Attempt, AttemptEnd, Check, Head, Place
from scrape_operator.core.notifications.webhooks import WebhookHealth
from scrape_operator.core.ports import MessageStore
from scrape_operator.storage.engine.committer import Committer
from scrape_operator.storage.engine.database import Database
from scrape_operator.storage.messages.delivering import (
    begin_attempts,
    end_attempts,
    find_due,
    note_checks,
    read_head,
)


class SQLMessageStore(MessageStore):
    """Implements core.ports.MessageStore."""

    def __init__(self, database: Database, committer: Committer) -> None:
        self._database = database
        self._committer = committer

    async def find_due(self, now: datetime) -> Sequence[Place]:
        """Return the webhooks whose first message is due."""
        return await self._database.read(partial(find_due, now=now))

    async def read_head(self, place: Place) -> Head | None:
        """Return the first message that waits for a webhook, or None if none does."""
        return await self._database.read(partial(read_head, place=place))

    async def begin(self, attempt: Attempt) -> str | None:
        """Note that a message is about to be sent. Return its payload, or None if it does not wait any more."""
        return await self._committer.submit(begin_attempts, attempt)

    async def end(self, end: AttemptEnd) -> WebhookHealth:
        """Note what became of an attempt. Return how the webhook is after it."""
        return await self._committer.submit(end_attempts, end)

    async def check(self, check: Check) -> WebhookHealth:
        """Note whether the Secrets of a webhook could be read. Return how the webhook is after it."""
        return await self._committer.submit(note_checks, check)
