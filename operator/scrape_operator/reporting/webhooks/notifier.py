"""Delivers the messages of all webhooks: those of one webhook in their order, one at a time.

The database says what waits and when it is due, so nothing is lost with the process. The outbox bounds what goes on at
the same time, and the gate of each host what one receiver gets.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import random as uniform
from typing import Protocol

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.notifications.delivery import (
    BACKOFF,
    GONE,
    Attempt,
    AttemptEnd,
    Check,
    Failure,
    Head,
    Message,
    Place,
    next_attempt,
    seconds_until,
)
from scrape_operator.core.notifications.webhooks import Webhook, WebhookHealth
from scrape_operator.core.ports import Clock, MessageStore
from scrape_operator.core.runs.health import is_breached
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.outbox.outbox import NotReady, Outbox
from scrape_operator.outbox.queue import OutboxLimits
from scrape_operator.reporting.webhooks.sending import Sender

logger = logging.getLogger(__name__)

MAX_WEBHOOKS_WAITING = 10_000
MAX_IN_FLIGHT = 32

LOOK_SECONDS = 10.0
"""How often due messages are looked for: those of an earlier process or of orphaned runs, and redelivered ones."""

CHECK_SECONDS = 300.0
"""How often the Secrets of a webhook without messages are read, at the end of a run."""

RECHECK_SECONDS = 30.0
"""The same, where they could not be read."""

UNKNOWN_SECONDS = 30.0
"""How long a message waits whose schedule is not known yet, or is stalled."""

FLUSH_SECONDS = 3.0
"""For messages that are due when the process ends; the others are delivered by the next one."""

LONGEST_WAIT_SECONDS = 3600.0
"""The database is asked again after this time at the latest, since the wall clock may be set."""


class DeliveryObserver(Protocol):
    """Receives the ends of attempts, for metrics."""

    def message_attempted(self, event: str, result: str) -> None:
        """Count an attempt: delivered, retried or given up."""


class Notifier:
    """Delivers messages. A `RunObserver`; needs `run` as a task.

    `find_plan` returns the plan of a schedule that is known. `report` receives how a webhook is, when that may differ.
    """

    def __init__(
        self,
        store: MessageStore,
        sender: Sender,
        clock: Clock,
        find_plan: Callable[[str], SchedulePlan | None],
        report: Callable[[str, WebhookHealth], None],
        *,
        observer: DeliveryObserver | None = None,
        random: Callable[[], float] = uniform,
    ) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._find_plan = find_plan
        self._report = report
        self.observer = observer
        self._random = random
        self._check_at: dict[Place, float] = {}
        self._calm: set[Place] = set()
        self._is_closing = False
        limits = OutboxLimits(MAX_WEBHOOKS_WAITING, MAX_IN_FLIGHT)
        self._outbox: Outbox[Place, None] = Outbox("webhooks", self._deliver, clock, limits, random=random)

    @property
    def waiting(self) -> int:
        """How many webhooks have messages that wait, or are being sent."""
        return len(self._outbox.queue)

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Do nothing."""

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Look for messages to the webhooks of a schedule, one of whose runs was stored.

        A run without events after another one without is no reason to ask the database.
        """
        is_calm = _is_calm(result, counts)
        for webhook in plan.webhooks:
            place = Place(plan.key.uid, webhook.name)
            if not is_calm or place not in self._calm or self._is_check_due(place):
                self._outbox.put(place, None)
            (self._calm.add if is_calm else self._calm.discard)(place)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Do nothing: a skipped due time is no event."""

    def forget(self, uid: str) -> None:
        """Drop what is known of a schedule that is gone."""
        for place in [place for place in self._check_at if place.uid == uid]:
            del self._check_at[place]
        self._calm = {place for place in self._calm if place.uid != uid}
        for place in [place for place, _ in self._outbox.queue.items() if place.uid == uid]:
            self._outbox.forget(place)

    async def run(self) -> None:
        """Deliver what waits, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._outbox.run(), name="webhook messages")
            tasks.create_task(self._look(), name="due webhook messages")

    async def flush(self) -> None:
        """Deliver what is due, within a few seconds: nothing is lost, but a process that ends is often the last one."""
        self._is_closing = True
        if self.waiting:
            await self._outbox.flush(FLUSH_SECONDS)

    async def _look(self) -> None:
        while True:
            try:
                for place in await self._store.find_due(self._clock.now()):
                    self._outbox.put(place, None)
            except StoreUnavailable as error:
                logger.warning("messages to webhooks wait for the database: %s", error)
            except Exception:
                logger.exception("messages to webhooks could not be found")
            await asyncio.sleep(LOOK_SECONDS)

    async def _deliver(self, place: Place, _item: None) -> bool:
        """Deliver the first message of a webhook. Return whether there was one.

        Raises:
            NotReady: it is not due, or the schedule cannot be called for now.
            StoreUnavailable: the outbox tries again.

        """
        plan = self._find_plan(place.uid)
        if plan is None or plan.is_stalled:
            return self._postpone(UNKNOWN_SECONDS)
        webhook = next((one for one in plan.webhooks if one.name == place.webhook), None)
        head = await self._store.read_head(place)
        if head is None:
            if webhook is not None:
                await self._check(place, plan, webhook)
            return False
        failure = _refusal(webhook, head, plan)
        wait = seconds_until(head.message.next_attempt_at, self._clock.now())
        if webhook is None or failure is not None:
            await self._end(head.message, plan, failure, None)
        elif wait:
            return self._postpone(min(wait, LONGEST_WAIT_SECONDS))
        elif not await self._attempt(head.message, plan, webhook) and self._is_closing:
            return True  # the next process tries again
        self._outbox.put(place, None)
        return True

    def _postpone(self, seconds: float) -> bool:
        """Look again after some time. At the end of the process there is no other time."""
        if self._is_closing:
            return False
        raise NotReady(seconds)

    async def _attempt(self, message: Message, plan: SchedulePlan, webhook: Webhook) -> bool:
        """Send a message. Return whether its receiver has it."""
        now = self._clock.now()
        retry_at = now + timedelta(seconds=BACKOFF.delay(message.attempts, self._random))
        payload = await self._store.begin(Attempt(message, now, retry_at))
        if payload is None:
            return False
        failure = await self._sender.send(plan, webhook, replace(message, payload=payload))
        self._check_at[Place(plan.key.uid, webhook.name)] = self._clock.monotonic() + CHECK_SECONDS
        ended = self._clock.now()
        retry = None if failure is None else next_attempt(message, failure, ended, self._random)
        await self._end(message, plan, failure, retry)
        return failure is None

    async def _end(self, message: Message, plan: SchedulePlan, failure: Failure | None, retry: datetime | None) -> None:
        end = AttemptEnd(message, self._clock.now(), plan.generation, failure, retry)
        self._report(plan.key.uid, await self._store.end(end))
        result = "delivered" if failure is None else "failed" if retry is None else "retried"
        _log(plan, end, result)
        if self.observer is not None:
            self.observer.message_attempted(message.event, result)

    async def _check(self, place: Place, plan: SchedulePlan, webhook: Webhook) -> None:
        """Read the Secrets of a webhook without messages, so that a missing one is known before it is needed."""
        if not self._is_check_due(place):
            return
        endpoint = await self._sender.resolve(plan, webhook)
        failure = endpoint if isinstance(endpoint, Failure) else None
        pause = CHECK_SECONDS if failure is None else RECHECK_SECONDS
        self._check_at[place] = self._clock.monotonic() + pause
        self._report(place.uid, await self._store.check(Check(place, failure)))

    def _is_check_due(self, place: Place) -> bool:
        return self._clock.monotonic() >= self._check_at.get(place, float("-inf"))


def _is_calm(result: RunResult, counts: ItemCounts) -> bool:
    """Return whether a run has no event, unless the webhook was told of a failure or a breach before."""
    has_changes = counts.new or counts.changed or counts.gone
    is_good = result.status is RunStatus.SUCCEEDED and not any(is_breached(target) for target in result.targets)
    return is_good and not has_changes


def _refusal(webhook: Webhook | None, head: Head, plan: SchedulePlan) -> Failure | None:
    """Return why a message is given up without an attempt, or None if it is not."""
    if webhook is None:
        return Failure(Reason.CANCELED, "spec.notify has no webhook of this name any more")
    if head.disabled_generation == plan.generation:
        message = "the webhook is disabled, since its receiver answered 410 Gone: change the spec, or redeliver"
        return Failure(Reason.HTTP_STATUS, message, GONE)
    return None


def _log(plan: SchedulePlan, end: AttemptEnd, result: str) -> None:
    """Log an attempt; one that failed as a warning, with its reason."""
    fields = {
        "schedule": str(plan.key),
        "webhook": end.message.webhook,
        "message_id": end.message.id,
        "webhook_event": end.message.event.value,
        "attempt": end.message.attempts + 1,
    }
    if end.failure is None:
        logger.info("message delivered", extra=fields)
        return
    fields |= {"reason": end.failure.reason.value, "error": end.failure.message}
    logger.warning("message not delivered" if result == "retried" else "message given up", extra=fields)
