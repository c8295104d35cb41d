"""Makes requests to one host wait for their turn. Combines the queue, the pace and the breaker of the host."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from scrape_operator.core.durations import format_duration
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.net.host_pace import AdaptivePace
from scrape_operator.core.net.host_queue import HostQueue
from scrape_operator.core.ports import RunPlace
from scrape_operator.core.runs.reasons import OUTAGES, Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.breaker import REFUSALS, Breaker, BreakerPolicy, SeenFailure

logger = logging.getLogger(__name__)

PAUSE_MAX_SECONDS = 30.0
"""The longest pause that one Retry-After makes."""

_SERVER_ERROR = 500
_NOT_ABOUT_THE_HOST = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.BLOCKED_ADDRESS,
        Reason.POLICY_DENIED,
        Reason.BUDGET_EXHAUSTED,
        Reason.STORE_UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Requester:
    """The run that requests are made for.

    Attributes:
        key: The UID of the schedule. A host serves requesters with different keys in turn.
        deadline: The deadline of the run. Every wait ends there.
        budgets: The budgets that the platform of the target sets, by authority.
        namespace: The namespace in which Secrets are read.
        place: The run's place in the pool, which is lent to another run during waits.

    """

    key: str
    deadline: Deadline
    budgets: Mapping[str, HostBudget] = field(default_factory=dict)
    namespace: str = ""
    place: RunPlace | None = None

    def waiting(self) -> AbstractContextManager[None]:
        """Return a context manager for a wait: for a host, or for the next try."""
        return nullcontext() if self.place is None else self.place.lent()


class HostObserver(Protocol):
    """Receives the events of hosts, for metrics."""

    def host_waited(self, seconds: float) -> None:
        """Count the seconds that a request has waited, whether or not it got a turn."""

    def host_opened(self, reason: Reason) -> None:
        """Count that the breaker of a host has begun to refuse a requester."""


@dataclass(frozen=True, slots=True)
class GateTerms:
    """The settings that all gates share. `clock` is monotonic, in seconds. `now` is the wall clock, for messages."""

    breaker: BreakerPolicy
    clock: Callable[[], float]
    now: Callable[[], datetime]
    observer: HostObserver | None


@dataclass(slots=True, eq=False)
class _Waiter:
    """One request in the queue. Its future is done when its turn has started.

    A pause (Retry-After) that lasts beyond `until` fails the request.
    """

    future: asyncio.Future[float]
    requester: str
    until: float


class LimitNames(NamedTuple):
    """What sets the two parts of a host's budget, for messages."""

    max_concurrent: str
    min_interval: str


class HostGate:
    """Starts the requests to one host within its budget. `names` returns what has set the budget."""

    def __init__(
        self, authority: str, budget: HostBudget, terms: GateTerms, names: Callable[[str], LimitNames]
    ) -> None:
        self.authority = authority
        self._names = names
        self._terms = terms
        self._queue: HostQueue[_Waiter] = HostQueue(budget)
        self._pace = AdaptivePace()
        self._breaker = Breaker(terms.breaker)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(1 for _ in self._queue.waiting())

    def is_idle(self, now: float) -> bool:
        """Return whether the gate can be forgotten."""
        return self._queue.is_idle(now) and self._breaker.is_idle(now)

    def set_budget(self, budget: HostBudget) -> None:
        """Replace the budget. Waiting requests start if the new one allows it."""
        if budget != self._queue.budget:
            self._queue.budget = budget
            self._start_waiting()

    async def take(self, requester: Requester, max_pause_seconds: float) -> "Turn":
        """Return a turn, at once or after a wait.

        Raises:
            HopFailed: The requester is refused, its pause lasts longer than `max_pause_seconds`, or the deadline of
                the run comes before the turn.

        """
        now = self._terms.clock()
        longest = min(max_pause_seconds, requester.deadline.remaining())
        until = now + longest
        self._check(requester.key, until, now)
        if self._queue.try_start(requester.key, now, longest):
            return Turn(self, requester.key, now)
        waiter = _Waiter(asyncio.get_running_loop().create_future(), requester.key, until)
        self._queue.join(requester.key, waiter, longest)
        self._start_waiting()
        try:
            with requester.waiting():
                async with asyncio.timeout(requester.deadline.remaining()):
                    await waiter.future
                return Turn(self, requester.key, waiter.future.result())
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise self._wait_failure(self._terms.clock() - now) from error
            raise
        finally:
            if self._terms.observer is not None:
                self._terms.observer.host_waited(self._terms.clock() - now)

    def report(self, requester: str, seen: SeenFailure) -> None:
        """Refuse a requester from now on, because of the content of an answer."""
        now = self._terms.clock()
        if self._breaker.reported(requester, seen, now):
            self._opened(requester, seen, now)

    def answer_began(self, started: float) -> None:
        """Record that the answer to a request has begun: others need not wait for its body."""
        self._pace.answered(self._terms.clock() - started, self._queue.budget.max_concurrent)
        self._queue.extra_interval = self._pace.interval
        if self._queue.is_serial:
            self._queue.answered(started)
            self._start_waiting()

    def ended(self, requester: str, started: float, failure: HopFailed | None, *, has_begun: bool) -> None:
        """Record how a request ended, and release its turn. Some failures are answers, such as a status 404.

        `has_begun` says whether an answer had begun: then its body alone failed.
        """
        if failure is None or failure.reason not in {*REFUSALS, *OUTAGES, *_NOT_ABOUT_THE_HOST}:
            self._breaker.answered(requester)
            self._queue.answered(started)
        if failure is not None and failure.reason not in _NOT_ABOUT_THE_HOST:
            self._failed(requester, failure, has_begun=has_begun)
        self._release(requester, started, is_answered=failure is None or failure.reason not in OUTAGES)

    def freed(self, requester: str, started: float) -> None:
        """Release a turn without a conclusion about the host."""
        self._release(requester, started, is_answered=False)

    def _release(self, requester: str, started: float, *, is_answered: bool) -> None:
        self._queue.end(requester, started, self._terms.clock(), is_answered=is_answered)
        self._start_waiting()

    def _failed(self, requester: str, failure: HopFailed, *, has_begun: bool) -> None:
        now, seen = self._terms.clock(), SeenFailure(failure.reason, failure.message)
        is_error = (failure.http_status or 0) >= _SERVER_ERROR or failure.reason is Reason.RATE_LIMITED
        if failure.reason is Reason.RATE_LIMITED and failure.retry_after:
            # The pause is that requester's pace: it must not slow down the others as well.
            self._queue.hold(requester, now + min(failure.retry_after, PAUSE_MAX_SECONDS), now)
            self._refuse_waiting(now)
        elif is_error or (failure.reason in OUTAGES and not has_begun):
            self._pace.failed()
            self._queue.extra_interval = self._pace.interval
        refuses = failure.reason in REFUSALS or failure.reason in OUTAGES
        if refuses and self._breaker.failed(requester, seen, now):
            self._opened(requester, seen, now)

    def _opened(self, requester: str, seen: SeenFailure, now: float) -> None:
        if self._breaker.is_host_failing:
            self._queue.serialize(now)
        self._refuse_waiting(now)
        seconds = (self._breaker.refused_until(requester, now) or now) - now
        logger.warning(
            "host %s gets no requests of a schedule for %.0f s after %s: %s",
            self.authority,
            seconds,
            seen.reason,
            seen.message,
        )
        if self._terms.observer is not None:
            self._terms.observer.host_opened(seen.reason)

    def _check(self, requester: str, until: float, now: float) -> None:
        """Raise HopFailed if a requester is refused, or its pause lasts beyond `until`."""
        refused_until = self._breaker.refused_until(requester, now)
        if refused_until is not None:
            seen = self._breaker.failure_of(requester)
            message = f"gets no request before {self._at(refused_until - now)}, since it keeps failing: {seen.message}"
            raise HopFailed(seen.reason, message, sent=False)
        pause = self._queue.held_until(requester) - now
        if pause > 0 and now + pause >= until:
            message = f"asked for a pause (Retry-After): it gets no request before {self._at(pause)}"
            raise HopFailed(Reason.RATE_LIMITED, message, retry_after=pause, sent=False)

    def _refuse_waiting(self, now: float) -> None:
        """Fail the waiting requests of requesters that are refused or paused now."""
        for waiter in tuple(self._queue.waiting()):
            try:
                self._check(waiter.requester, waiter.until, now)
            except HopFailed as refusal:
                self._queue.withdraw(waiter.requester, waiter)
                if not waiter.future.done():
                    waiter.future.set_exception(refusal)

    def _at(self, seconds: float) -> str:
        return f"{self._terms.now() + timedelta(seconds=seconds):%H:%M:%SZ}"

    def _start_waiting(self) -> None:
        """Start the requests that the budget allows now, and set the timer for the next ones."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._queue.has_waiting:
            return
        now = self._terms.clock()
        while (waiter := self._queue.start_next(now)) is not None:
            if waiter.future.done():  # was canceled, and has not left the queue yet
                self._queue.end(waiter.requester, now, now, is_answered=False)
            else:
                waiter.future.set_result(now)
        at = self._queue.next_start_at(now)
        if at is not None:
            self._timer = asyncio.get_running_loop().call_later(at - now, self._start_waiting)

    def _leave(self, waiter: _Waiter) -> None:
        """Leave the queue. Release the turn if it started at the same time as the cancellation."""
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            self.freed(waiter.requester, future.result())
        else:
            self._queue.withdraw(waiter.requester, waiter)

    def _wait_failure(self, seconds: float) -> HopFailed:
        seen = self._breaker.last_failure
        if self._queue.is_serial and seen is not None:
            message = (
                f"gets one request at a time since its last answer: {seen.message}; no turn came in {seconds:.1f} s"
            )
            return HopFailed(seen.reason, message, sent=False)
        budget, names = self._queue.budget, self._names(self.authority)
        slowed = timedelta(seconds=round(self._queue.extra_interval, 3))
        pace, remedy = "", "raise spec.timeout, or let an administrator change this limit"
        if slowed and slowed >= budget.min_interval:
            pace = f", {format_duration(slowed)} apart since {self._pace.cause}"
            remedy = "this pace ends by itself with good answers; raise spec.timeout to wait for them"
        elif budget.min_interval:
            pace = f", {format_duration(budget.min_interval)} apart ({names.min_interval})"
        limit = f"it gets {budget.max_concurrent} at a time ({names.max_concurrent}){pace}"
        return HopFailed(
            Reason.TIMEOUT, f"had no turn for the request in {seconds:.1f} s: {limit}: {remedy}", sent=False
        )


class Turn:
    """The right to have one open request to a host. A context manager that releases it."""

    __slots__ = ("_gate", "_has_begun", "_requester", "_started")

    def __init__(self, gate: HostGate, requester: str, started: float) -> None:
        self._gate = gate
        self._requester = requester
        self._started = started
        self._has_begun = False

    def answer_began(self) -> None:
        """Record that an answer has begun: other requests need not wait for its end."""
        self._has_begun = True
        self._gate.answer_began(self._started)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release the turn. A request that this process ended early counts neither as an answer nor as a failure."""
        if error is None or (isinstance(error, HopFailed) and not error.is_cut_off):
            self._gate.ended(self._requester, self._started, error, has_begun=self._has_begun)
        else:
            self._gate.freed(self._requester, self._started)
