"""Kubernetes Events about schedules: on transitions only, as the writer tells them after each write.

An Event is worth its price when somebody should look (a Warning), or may stop looking (a Normal one after
it). Nothing here is ever waited for: a full queue, a refusal or an outage costs Events and nothing else.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import random as uniform

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.ports import Clock, EventPoster
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.reporting.pacing import TokenBucket, backoff
from scrape_operator.reporting.status.conditions import FALSE, TRUE, ConditionType

logger = logging.getLogger(__name__)

EVENTS_PER_SECOND = 5.0
EVENTS_BURST = 25.0
QUEUE_LENGTH = 1000
SAME_SECONDS = 600.0
REMEMBERED = 10_000
ATTEMPTS = 5
TOO_MANY_REQUESTS, SERVER_ERROR, BAD_REQUEST = 429, 500, 400
WARNING, NORMAL = "Warning", "Normal"


@dataclass(frozen=True, slots=True)
class Transition:
    """One Event to be posted."""

    type_: str
    reason: str
    message: str


def transitions(before: Mapping[str, str], conditions: Sequence[Mapping[str, object]]) -> Iterator[Transition]:
    """Give the Events that a new set of conditions calls for; `before` is type -> status. One for each reason."""
    now = {str(condition["type"]): condition for condition in conditions}
    seen: set[str] = set()
    for kind, type_ in _turns(before, {name: str(condition["status"]) for name, condition in now.items()}):
        reason, message = str(now[kind]["reason"]), str(now[kind]["message"])
        if reason not in seen:
            seen.add(reason)
            yield Transition(type_, reason, f"{kind}: {message}")


def _turns(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give the conditions that turned, and how it is told. A stalled schedule is told once, not by Ready too."""
    stalled, ready, data = ConditionType.STALLED, ConditionType.READY, ConditionType.DATA_HEALTHY
    if now.get(stalled) == TRUE:
        if before.get(stalled) != TRUE:
            yield stalled, WARNING
        return
    if now.get(ready) == FALSE and before.get(ready) != FALSE:
        yield ready, WARNING
    if now.get(data) == FALSE and before.get(data) != FALSE:
        yield data, WARNING
    if now.get(ready) == TRUE and before.get(ready) != TRUE:
        yield ready, NORMAL
    if now.get(data) == TRUE and before.get(data) == FALSE:
        yield data, NORMAL


class EventReporter:
    """Posts Events in their turn. Needs `run` as a task."""

    def __init__(
        self,
        poster: EventPoster,
        clock: Clock,
        *,
        events_per_second: float = EVENTS_PER_SECOND,
        random: Callable[[], float] = uniform,
    ) -> None:
        self._poster = poster
        self._clock = clock
        self._random = random
        self._bucket = TokenBucket(events_per_second, EVENTS_BURST)
        self._waiting: deque[tuple[ObjectKey, Transition]] = deque(maxlen=QUEUE_LENGTH)
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._wake = asyncio.Event()
        self.dropped = 0

    def transitioned(
        self, key: ObjectKey, before: Mapping[str, str], conditions: Sequence[Mapping[str, object]]
    ) -> None:
        """Queue the Events of one write, except those that were told of this object a short while ago."""
        for transition in transitions(before, conditions):
            if self._is_news(key.uid, transition.reason):
                self.dropped += len(self._waiting) == QUEUE_LENGTH
                self._waiting.append((key, transition))
                self._wake.set()

    async def run(self) -> None:
        """Post Events for ever, in their order."""
        while True:
            while self._waiting:
                await asyncio.sleep(self._pause())
                key, transition = self._waiting.popleft()
                await self._post(key, transition)
            self._wake.clear()
            await self._wake.wait()

    def _is_news(self, uid: str, reason: str) -> bool:
        now = self._clock.monotonic()
        told = self._told.get((uid, reason))
        if told is not None and now - told < SAME_SECONDS:
            return False
        self._told[uid, reason] = now
        self._told.move_to_end((uid, reason))
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True

    def _pause(self) -> float:
        """Take the next token, which may be there only in so many seconds."""
        now = self._clock.monotonic()
        at = self._bucket.ready_at(now)
        self._bucket.take(at)
        return at - now

    async def _post(self, key: ObjectKey, transition: Transition) -> None:
        for attempt in range(ATTEMPTS):
            try:
                await self._poster.post_event(
                    key, type_=transition.type_, reason=transition.reason, message=transition.message
                )
            except ClusterError as error:
                if not _is_passing(error):
                    logger.warning("no Event about %s: %s", key, error)
                    break
                await asyncio.sleep(backoff(attempt, error.retry_after, self._random))
            except Exception:
                logger.exception("no Event about %s", key)
                break
            else:
                return
        self.dropped += 1


def _is_passing(error: ClusterError) -> bool:
    """Whether another try may help: not where the namespace ends, or the right is missing."""
    return error.status < BAD_REQUEST or error.status >= SERVER_ERROR or error.status == TOO_MANY_REQUESTS
