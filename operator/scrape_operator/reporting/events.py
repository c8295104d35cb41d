"""Kubernetes Events about schedules: on transitions of their conditions, after the status that shows them.

A Warning says that somebody should look; a Normal Event after it says that this is no longer needed. No part of the
operator waits for an Event: a full queue, a refusal or an outage costs Events and nothing else.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import random as uniform
from typing import NamedTuple

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.ports import Clock, EventPoster
from scrape_operator.core.recent import Recent
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.outbox.outbox import Outbox
from scrape_operator.outbox.queue import OutboxLimits
from scrape_operator.reporting.status.condition_types import FALSE, TRUE, ConditionType
from scrape_operator.reporting.status.written import WrittenCondition, read_conditions

logger = logging.getLogger(__name__)

EVENTS_PER_SECOND = 5.0
EVENTS_BURST = 25.0
MAX_OBJECTS_WAITING = 1000
MAX_EVENTS_OF_OBJECT = 20
MAX_ATTEMPTS = 5

SERIES_SECONDS = 600.0
"""An Event that is repeated within this time counts in the series of the first one, as in client-go."""

SERIES_DELAY_SECONDS = 10.0
"""How long a repetition waits, so that many of them are one request."""

REMEMBERED = 10_000
TOO_MANY_REQUESTS, SERVER_ERROR, BAD_REQUEST = 429, 500, 400
WARNING, NORMAL = "Warning", "Normal"

Conditions = Mapping[str, WrittenCondition]
"""By their type."""


class Transition(NamedTuple):
    """What an Event says."""

    type_: str
    reason: str
    message: str


@dataclass(slots=True)
class _Series:
    """One Event and its repetitions. `name` is that of the object, once it was created."""

    key: ObjectKey
    transition: Transition
    at: datetime
    seen: float
    count: int = 1
    name: str | None = None


def transitions(
    before: Sequence[WrittenCondition], after: Sequence[Mapping[str, object]], *, is_warned: bool = False
) -> Iterator[Transition]:
    """Yield what a new set of conditions calls for, one Event for each reason.

    `is_warned` says that the last Event about the object was a Warning.
    """
    known, now = ({one.type: one for one in conditions} for conditions in (before, read_conditions(after)))
    messages = {one["type"]: one["message"] for one in after}
    seen: set[str] = set()
    for kind, type_ in _changes(known, now, is_warned=is_warned):
        if now[kind].reason not in seen:
            seen.add(now[kind].reason)
            yield Transition(type_, now[kind].reason, f"{kind}: {messages[kind]}")


def _changes(before: Conditions, now: Conditions, *, is_warned: bool) -> Iterator[tuple[str, str]]:
    """Yield the conditions that changed, and the type of the Event. A stalled schedule is reported once."""
    ready, others = ConditionType.READY, (ConditionType.DATA_HEALTHY, ConditionType.WEBHOOKS_HEALTHY)
    if _is(now, ConditionType.STALLED, TRUE):
        if _differs(before.get(ConditionType.STALLED), now[ConditionType.STALLED]):
            yield ConditionType.STALLED, WARNING
        return
    for kind in (ready, *others):
        if _is(now, kind, FALSE) and _differs(before.get(kind), now[kind]):
            yield kind, WARNING
    is_healthy = not any(_is(now, kind, FALSE) for kind in others)
    if _is(now, ready, TRUE) and (_is(before, ready, FALSE) or (is_warned and is_healthy)):
        yield ready, NORMAL
        return
    for kind in others:
        if _is(now, kind, TRUE) and _is(before, kind, FALSE):
            yield kind, NORMAL


def _is(conditions: Conditions, kind: str, status: str) -> bool:
    return kind in conditions and conditions[kind].status == status


def _differs(before: WrittenCondition | None, now: WrittenCondition) -> bool:
    return before is None or before._replace(changed_at=now.changed_at) != now


def _join(waiting: list[_Series], arrived: list[_Series]) -> list[_Series]:
    """Append to what waits for an object; a series that is repeated moves to the end."""
    kept = [series for series in waiting if all(series is not other for other in arrived)]
    return [*kept, *arrived][-MAX_EVENTS_OF_OBJECT:]


class EventReporter:
    """Posts Events, those of one object in their order. Needs `run` as a task."""

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
        self._series: Recent[tuple[str, Transition], _Series] = Recent(REMEMBERED)
        self._warned: Recent[str, bool] = Recent(REMEMBERED)
        limits = OutboxLimits(MAX_OBJECTS_WAITING, max_in_flight=1, per_second=events_per_second, burst=EVENTS_BURST)
        self._outbox: Outbox[str, list[_Series]] = Outbox(
            "events", self._deliver, clock, limits, merge=_join, max_attempts=MAX_ATTEMPTS, random=random
        )

    def transitioned(
        self, key: ObjectKey, before: Sequence[WrittenCondition], after: Sequence[Mapping[str, object]]
    ) -> None:
        """Post the Events of one status write."""
        for transition in transitions(before, after, is_warned=key.uid in self._warned):
            self.post(key, transition)

    def post(self, key: ObjectKey, transition: Transition) -> None:
        """Post an Event, or count it in the series of an equal one."""
        if transition.type_ == WARNING:
            self._warned[key.uid] = True
        else:
            self._warned.pop(key.uid, None)
        series = self._series_of(key, transition)
        delay = SERIES_DELAY_SECONDS if series.count > 1 else 0.0
        self._outbox.put(key.uid, [series], delay=delay)

    async def run(self) -> None:
        """Post until this task is canceled."""
        await self._outbox.run()

    async def flush(self, within: float) -> None:
        """Post what waits within so many seconds."""
        await self._outbox.flush(within)

    def _series_of(self, key: ObjectKey, transition: Transition) -> _Series:
        now, at, place = self._clock.monotonic(), self._clock.now(), (key.uid, transition)
        known = self._series.get(place)
        if known is not None and now - known.seen < SERIES_SECONDS:
            known.at, known.seen, known.count = at, now, known.count + 1
        else:
            known = _Series(key, transition, at, now)
        self._series[place] = known
        return known

    async def _deliver(self, _uid: str, waiting: list[_Series]) -> bool:
        """Post the Events of one object; one that the server refuses for good is dropped."""
        while waiting:
            try:
                await self._post(waiting[0])
            except ClusterError as error:
                if _is_transient(error):
                    raise
                logger.warning("event refused", extra={"schedule": str(waiting[0].key), "error": str(error)})
            del waiting[0]
        return True

    async def _post(self, series: _Series) -> None:
        """Create the Event, or count its repetitions in the Event that was posted before."""
        key, name, at = series.key, series.name, series.at
        if name is None or not await self._poster.count_event(key, name, count=series.count, at=at):
            type_, reason, message = series.transition
            series.name = await self._poster.post_event(key, type_=type_, reason=reason, message=message, at=at)


def _is_transient(error: ClusterError) -> bool:
    """Return whether another try may help: not where the namespace ends, or the right is missing."""
    return error.status < BAD_REQUEST or error.status >= SERVER_ERROR or error.status == TOO_MANY_REQUESTS
