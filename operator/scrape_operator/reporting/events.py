"""Kubernetes Events about schedules: on transitions of their conditions, after the status that shows them.

A Warning says that somebody should look; a Normal Event after it says that this is no longer needed. No part of the
operator waits for an Event: a full queue, a refusal or an outage costs Events and nothing else.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import random as uniform
from typing import NamedTuple

from scrape_operator.core.errors import ClusterError
from scrape_operator.core.ports import Clock, EventPoster
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.outbox.outbox import Outbox
from scrape_operator.outbox.queue import OutboxLimits
from scrape_operator.reporting.status.condition_types import FALSE, TRUE, ConditionType
from scrape_operator.reporting.status.written import WrittenCondition

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


class Transition(NamedTuple):
    """What an Event says."""

    type_: str
    reason: str
    message: str


@dataclass(slots=True)
class _Series:
    """One Event and its repetitions. `name` is the object's name, once it was created; `shown` the count it has."""

    key: ObjectKey
    transition: Transition
    at: datetime
    seen: float
    count: int = 1
    shown: int = 0
    name: str | None = None


def transitions(
    before: Sequence[WrittenCondition], after: Sequence[Mapping[str, object]], *, is_warned: bool = False
) -> Iterator[Transition]:
    """Yield what a new set of conditions calls for, one Event for each reason.

    `is_warned` says that the last Event about the object was a Warning.
    """
    known, now = {one.type: one for one in before}, {str(one["type"]): one for one in after}
    seen: set[str] = set()
    for kind, type_ in _changes(known, now, is_warned=is_warned):
        reason, message = str(now[kind]["reason"]), str(now[kind]["message"])
        if reason not in seen:
            seen.add(reason)
            yield Transition(type_, reason, f"{kind}: {message}")


def _changes(
    before: Mapping[str, WrittenCondition], now: Mapping[str, Mapping[str, object]], *, is_warned: bool
) -> Iterator[tuple[str, str]]:
    """Yield the conditions that changed, and the type of the Event. A stalled schedule is reported once."""
    ready, data = ConditionType.READY, ConditionType.DATA_HEALTHY
    stalled, known = now.get(ConditionType.STALLED), before.get(ConditionType.STALLED)
    if stalled is not None and stalled["status"] == TRUE:
        if known is None or known.status != TRUE or known.message_hash != hash(str(stalled["message"])):
            yield ConditionType.STALLED, WARNING
        return
    for kind in (ready, data):
        if _status(now, kind) == FALSE and _differs(before.get(kind), now[kind]):
            yield kind, WARNING
    was_unready = ready in before and before[ready].status == FALSE
    if _status(now, ready) == TRUE and (was_unready or (is_warned and _status(now, data) != FALSE)):
        yield ready, NORMAL
    elif _status(now, data) == TRUE and data in before and before[data].status == FALSE:
        yield data, NORMAL


def _status(conditions: Mapping[str, Mapping[str, object]], kind: str) -> str:
    return str(conditions[kind]["status"]) if kind in conditions else ""


def _differs(before: WrittenCondition | None, now: Mapping[str, object]) -> bool:
    return before is None or (before.status, before.reason) != (now["status"], now["reason"])


def _join(waiting: Sequence[_Series], arrived: Sequence[_Series]) -> Sequence[_Series]:
    """Append to what waits for an object; a series that is repeated moves to the end."""
    kept = [series for series in waiting if all(series is not other for other in arrived)]
    return (*kept, *arrived)[-MAX_EVENTS_OF_OBJECT:]


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
        self._series: OrderedDict[tuple[str, Transition], _Series] = OrderedDict()
        self._warned: OrderedDict[str, bool] = OrderedDict()
        self._refused = 0
        limits = OutboxLimits(MAX_OBJECTS_WAITING, max_in_flight=1, per_second=events_per_second, burst=EVENTS_BURST)
        self._outbox: Outbox[str, Sequence[_Series]] = Outbox(
            "events", self._deliver, clock, limits, merge=_join, max_attempts=MAX_ATTEMPTS, random=random
        )

    @property
    def dropped(self) -> int:
        """How many times Events were given up or refused."""
        return self._outbox.dropped + self._refused

    def transitioned(
        self, key: ObjectKey, before: Sequence[WrittenCondition], after: Sequence[Mapping[str, object]]
    ) -> None:
        """Post the Events of one status write."""
        for transition in transitions(before, after, is_warned=key.uid in self._warned):
            self.post(key, transition)

    def post(self, key: ObjectKey, transition: Transition) -> None:
        """Post an Event, or count it in the series of an equal one."""
        self._remember_warning(key.uid, is_warning=transition.type_ == WARNING)
        series = self._series_of(key, transition)
        delay = SERIES_DELAY_SECONDS if series.count > 1 else 0.0
        self._outbox.put(key.uid, (series,), delay=delay)

    async def run(self) -> None:
        """Post until this task is canceled."""
        await self._outbox.run()

    async def flush(self, within: float) -> None:
        """Post what waits within so many seconds."""
        await self._outbox.flush(within)

    def _remember_warning(self, uid: str, *, is_warning: bool) -> None:
        self._warned.pop(uid, None)
        if is_warning:
            self._warned[uid] = True
            if len(self._warned) > REMEMBERED:
                self._warned.popitem(last=False)

    def _series_of(self, key: ObjectKey, transition: Transition) -> _Series:
        now, at, place = self._clock.monotonic(), self._clock.now(), (key.uid, transition)
        known = self._series.pop(place, None)
        if known is not None and now - known.seen < SERIES_SECONDS:
            known.at, known.seen, known.count = at, now, known.count + 1
        else:
            known = _Series(key, transition, at, now)
        self._series[place] = known
        if len(self._series) > REMEMBERED:
            self._series.popitem(last=False)
        return known

    async def _deliver(self, uid: str, waiting: Sequence[_Series]) -> bool:
        """Post the Events of one object; one that the server refuses for good is dropped."""
        for series in waiting:
            try:
                await self._post(series)
            except ClusterError as error:
                if _is_transient(error):
                    raise
                logger.warning("event refused", extra={"schedule": str(series.key), "error": str(error)})
                self._refused += 1
                series.shown = series.count
        return True

    async def _post(self, series: _Series) -> None:
        """Create the Event, or count its repetitions in the Event that was posted before."""
        if series.shown == series.count:
            return
        key, count = series.key, series.count
        if series.name is not None and await self._poster.count_event(key, series.name, count=count, at=series.at):
            series.shown = count
            return
        type_, reason, message = series.transition
        series.name = await self._poster.post_event(key, type_=type_, reason=reason, message=message, at=series.at)
        series.shown = count


def _is_transient(error: ClusterError) -> bool:
    """Return whether another try may help: not where the namespace ends, or the right is missing."""
    return error.status < BAD_REQUEST or error.status >= SERVER_ERROR or error.status == TOO_MANY_REQUESTS
