"""The gate before one host: its queue and its breaker, with futures and a timer. `budgets` keeps one for each host.

What may start when is arithmetic in `core.budgets` and `breaker`; here it is waited for.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from scrape_operator.core.durations import format_duration
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.host_budgets import HostBudget, HostQueue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.breaker import OUTAGES, REFUSALS, Breaker, BreakerPolicy, SeenFailure

logger = logging.getLogger(__name__)

PAUSE_MAX_SECONDS = 30.0
"""The longest pause that one Retry-After makes for everybody: the limit may have been its requester's own."""

_NOTHING_LEARNED = frozenset({Reason.INVALID_SPEC, Reason.BLOCKED_ADDRESS})


@dataclass(frozen=True, slots=True, eq=False)
class Requester:
    """The run that requests are made for.

    Hosts serve requesters with different keys in turn; the key is the schedule's UID. `deadline` is the run's: every
    wait ends there. `budgets` are those that its target brings along, by authority.
    """

    key: str
    deadline: Deadline
    budgets: Mapping[str, HostBudget] = field(default_factory=dict)


class HostObserver(Protocol):
    """Is told of what happens before hosts: metrics."""

    def host_waited(self, seconds: float) -> None:
        """Note that a request has waited for its turn, whatever became of it."""

    def host_opened(self, reason: Reason) -> None:
        """Note that a host's breaker has opened."""


@dataclass(frozen=True, slots=True)
class GateTerms:
    """What all gates have in common. `clock` gives seconds that never jump, `now` the wall clock for messages."""

    breaker: BreakerPolicy
    clock: Callable[[], float]
    now: Callable[[], datetime]
    observer: HostObserver | None


@dataclass(slots=True, eq=False)
class _Waiter:
    """One request in the queue; its future gives the gate's epoch at its start."""

    future: asyncio.Future[int]
    requester: str
    patience: float


class HostGate:
    """Lets requests through to one host. The epoch counts pauses and openings: only what began since proves an end."""

    __slots__ = ("_breaker", "_epoch", "_queue", "_terms", "_timer", "authority")

    def __init__(self, authority: str, budget: HostBudget, terms: GateTerms) -> None:
        self.authority = authority
        self._terms = terms
        self._queue: HostQueue[_Waiter] = HostQueue(budget)
        self._breaker: Breaker | None = None
        self._epoch = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(1 for _ in self._queue.waiting())

    def is_open(self, now: float) -> bool:
        """Whether the breaker is open."""
        return self._breaker is not None and self._breaker.is_open(now)

    def is_idle(self, now: float) -> bool:
        """Whether the gate could be forgotten."""
        return self._queue.is_idle(now) and (self._breaker is None or self._breaker.is_idle(now))

    def set_budget(self, budget: HostBudget) -> None:
        """Keep within another budget from now on."""
        self._queue.budget = budget
        self._drain()

    def try_enter(self, requester: str, patience: float, now: float) -> "Turn | None":
        """Give a turn at once, or None where it has to be waited for; raises as HostBudgets.try_enter."""
        refused = self._breaker is not None and self._breaker.refusal(requester, now) is not None
        if not refused and self._queue.try_start(requester, now):
            return Turn(self, requester, self._epoch)
        refusal = self._refusal(requester, patience, now)
        if refusal is not None:
            raise refusal
        return None

    async def enter(self, requester: Requester, patience: float) -> "Turn":
        """Wait for a turn; raises as HostBudgets.enter."""
        waiter = _Waiter(asyncio.get_running_loop().create_future(), requester.key, patience)
        began = self._terms.clock()
        self._queue.join(requester.key, waiter)
        if self._timer is None:
            self._drain()
        try:
            async with asyncio.timeout(requester.deadline.remaining()):
                return Turn(self, requester.key, await waiter.future)
        except BaseException as error:
            self._give_up(waiter)
            if isinstance(error, TimeoutError):
                raise self._too_late(self._terms.clock() - began) from error
            raise
        finally:
            if self._terms.observer is not None:
                self._terms.observer.host_waited(self._terms.clock() - began)

    def report(self, requester: str, seen: SeenFailure) -> None:
        """Open the breaker on somebody's word."""
        now = self._terms.clock()
        if self._has_breaker().reported(requester, seen, now):
            self._opened(seen, now)

    def answers(self, epoch: int) -> None:
        """Note that an answer has begun to a request of that epoch: others may go on, whatever its body will be."""
        if epoch == self._epoch and self._queue.answered():
            self._drain()

    def answered(self, epoch: int) -> None:
        """Note that a request of that epoch has been answered in full."""
        if epoch == self._epoch and self._breaker is not None:
            self._breaker.answered()
        self.answers(epoch)

    def failed(self, requester: str, failure: HopFailed, epoch: int) -> None:
        """Note how a request has failed: many failures are answers, too."""
        if failure.reason in REFUSALS or failure.reason in OUTAGES:
            self._count(requester, failure)
        elif failure.reason not in _NOTHING_LEARNED:
            self.answered(epoch)

    def freed(self) -> None:
        """Note that a turn was given back."""
        self._queue.end()
        self._drain()

    def _count(self, requester: str, failure: HopFailed) -> None:
        now, seen = self._terms.clock(), SeenFailure(failure.reason, failure.message)
        if failure.reason is Reason.RATE_LIMITED and failure.retry_after:
            self._epoch += 1
            if self._queue.hold(requester, now + min(failure.retry_after, PAUSE_MAX_SECONDS), now):
                self._refuse_waiting(now)
        if self._has_breaker().failed(requester, seen, now):
            self._opened(seen, now)

    def _opened(self, seen: SeenFailure, now: float) -> None:
        until = self._has_breaker().until
        self._queue.probe(until)
        self._epoch += 1
        self._refuse_waiting(now)
        logger.warning(
            "host %s is left alone for %.0f s after %s: %s", self.authority, until - now, seen.reason, seen.message
        )
        if self._terms.observer is not None:
            self._terms.observer.host_opened(seen.reason)

    def _has_breaker(self) -> Breaker:
        if self._breaker is None:
            self._breaker = Breaker(self._terms.breaker)
        return self._breaker

    def _refuse_waiting(self, now: float) -> None:
        """Fail those in the queue who would be refused if they came now."""
        for waiter in tuple(self._queue.waiting()):
            refusal = self._refusal(waiter.requester, waiter.patience, now)
            if refusal is not None:
                self._queue.withdraw(waiter.requester, waiter)
                if not waiter.future.done():
                    waiter.future.set_exception(refusal)

    def _refusal(self, requester: str, patience: float, now: float) -> HopFailed | None:
        seen = None if self._breaker is None else self._breaker.refusal(requester, now)
        if self._breaker is not None and seen is not None:
            until = self._tell(self._breaker.until - now)
            message = f"is not asked again before {until}, for it keeps failing; the last time: {seen.message}"
            return HopFailed(seen.reason, message, sent=False)
        pause = self._queue.held_until - now
        if pause > patience:
            message = f"asked for a pause (Retry-After), so it is not asked before {self._tell(pause)}"
            return HopFailed(Reason.RATE_LIMITED, message, retry_after=pause, sent=False)
        return None

    def _tell(self, seconds: float) -> str:
        return f"{self._terms.now() + timedelta(seconds=seconds):%H:%M:%SZ}"

    def _drain(self) -> None:
        """Start whom the budget lets start, and come back when it lets the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (head := self._queue.head()) is not None:
            if head.future.done():  # was cancelled, and has not yet said so
                self._queue.withdraw(head.requester, head)
                continue
            now = self._terms.clock()
            at = self._queue.start_at(now)
            if at is None:
                return
            if at > now:
                self._timer = asyncio.get_running_loop().call_later(at - now, self._drain)
                return
            self._queue.start_next(now).future.set_result(self._epoch)

    def _give_up(self, waiter: _Waiter) -> None:
        """Leave the queue, or give back a turn that came together with the cancellation."""
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            self.freed()
        else:
            self._queue.withdraw(waiter.requester, waiter)

    def _too_late(self, seconds: float) -> HopFailed:
        budget = self._queue.budget
        pace = f", {format_duration(budget.min_interval)} apart" if budget.min_interval else ""
        message = (
            f"could not be asked in time: no turn came in {seconds:.1f} s, "
            f"for it is asked {budget.max_concurrent} at a time{pace}"
        )
        return HopFailed(Reason.TIMEOUT, message, sent=False)


class Turn:
    """The right to have one request at a host under way. Give it back once, by `end` or `abandon`."""

    __slots__ = ("_epoch", "_gate", "_requester")

    def __init__(self, gate: HostGate, requester: str, epoch: int) -> None:
        self._gate = gate
        self._requester = requester
        self._epoch = epoch

    def answers(self) -> None:
        """Say that an answer has begun: nobody need wait for its end to know that the host is there."""
        self._gate.answers(self._epoch)

    def end(self, failure: HopFailed | None = None) -> None:
        """Give the turn back, and say what came."""
        if failure is None:
            self._gate.answered(self._epoch)
        else:
            self._gate.failed(self._requester, failure, self._epoch)
        self._gate.freed()

    def abandon(self) -> None:
        """Give the turn back; what would have come is not known."""
        self._gate.freed()
