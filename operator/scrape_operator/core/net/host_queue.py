"""The queue of one host: which request may start, and when. Times are seconds of a monotonic clock."""

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.recent import Recent

Ticket = TypeVar("Ticket", bound=Hashable)

QUICK_TURN_SECONDS = 1.0
"""A requester whose last answer took at most so long is known to be quick."""

SLOW_TURN_SECONDS = 5.0
"""A request that takes longer counts as slow, and so do its requester's next ones until one is not."""

BRIEF_TURN_SECONDS = 2.0
"""A request that cannot last longer, by its own timeout or its run's deadline, is brief."""

TRIAL_INTERVAL_SECONDS = 300.0
"""How often a brief request of a requester that is not known to be quick may take the turn that is left free."""

MAX_REQUESTERS = 1024
"""How many requesters are remembered for one host."""


class HostQueue(Generic[Ticket]):
    """Requests of one host, within its budget and fair among the requesters (schedules).

    - A requester is served once before another is served twice, and each one's own requests keep their order.
    - Of a host's turns each requester gets its share. Slow requesters get half of the turns together, and those
      that are not known to be quick leave one free. Now and then a brief request of theirs may take it: a trial.
    - A requester that got a Retry-After waits, and the others do not. If several got one, or if requests of all
      requesters fail, requests start one at a time until one is answered.
    """

    def __init__(self, budget: HostBudget) -> None:
        self.budget = budget
        self.extra_interval = 0.0
        self._turns: list[tuple[str, float]] = []
        self._ring: OrderedDict[str, OrderedDict[Ticket, bool]] = OrderedDict()  # with whether each ticket is brief
        self._last_start = -math.inf
        self._held: dict[str, float] = {}
        self._quick: Recent[str, bool] = Recent(MAX_REQUESTERS)
        self._trials: Recent[str, float] = Recent(MAX_REQUESTERS)
        self._serial_since: float | None = None
        self._told_at = -math.inf

    @property
    def in_flight(self) -> int:
        """How many turns are taken."""
        return len(self._turns)

    @property
    def is_serial(self) -> bool:
        """Whether requests start one at a time."""
        return self._serial_since is not None

    @property
    def has_waiting(self) -> bool:
        """Whether a request waits."""
        return bool(self._ring)

    def held_until(self, requester: str) -> float:
        """Return the instant until which the host told a requester to wait, or minus infinity."""
        return self._held.get(requester, -math.inf)

    def waiting(self) -> Iterator[Ticket]:
        """Yield all tickets that wait."""
        for tickets in self._ring.values():
            yield from tickets

    def try_start(self, requester: str, now: float, longest: float = math.inf) -> bool:
        """Start at once, if the budget allows it and no waiting request may start. Return whether it started.

        `longest` is how many seconds the request can last at most.
        """
        is_brief = longest <= BRIEF_TURN_SECONDS
        if (
            not self._is_open(now)
            or not self._may_start(requester, now, is_brief=is_brief)
            or self._next_requester(now) is not None
        ):
            return False
        self._start(requester, now, is_brief=is_brief)
        return True

    def join(self, requester: str, ticket: Ticket, longest: float = math.inf) -> None:
        """Wait behind the requester's other tickets; a requester that is new here comes last."""
        self._ring.setdefault(requester, OrderedDict())[ticket] = longest <= BRIEF_TURN_SECONDS

    def withdraw(self, requester: str, ticket: Ticket) -> None:
        """Stop waiting; nothing happens if the ticket does not wait."""
        tickets = self._ring.get(requester, OrderedDict())
        tickets.pop(ticket, None)
        if not tickets:
            self._ring.pop(requester, None)

    def start_next(self, now: float) -> Ticket | None:
        """Start the next ticket that may start now, or return None."""
        requester = self._next_requester(now) if self._is_open(now) else None
        if requester is None:
            return None
        ticket, is_brief = next(iter(self._ring[requester].items()))
        self.withdraw(requester, ticket)
        if requester in self._ring:
            self._ring.move_to_end(requester)
        self._start(requester, now, is_brief=is_brief)
        return ticket

    def next_start_at(self, now: float) -> float | None:
        """Return when to look again, or None if nothing can start before a turn ends."""
        if not self._ring or not self._has_room():
            return None
        holds = (until for requester, until in self._held.items() if requester in self._ring)
        instants = [self._last_start + self._interval, *holds]
        return min((at for at in instants if at > now), default=None)

    def end(self, requester: str, started: float, now: float, *, is_answered: bool = True) -> None:
        """Release a turn. Only a whole answer proves that a requester is quick, or that one known as quick is not."""
        self._turns.remove((requester, started))
        seconds = now - started
        is_cut_off = not is_answered and seconds > QUICK_TURN_SECONDS and requester not in self._quick
        if seconds > SLOW_TURN_SECONDS or is_cut_off:
            self._quick[requester] = False
        elif is_answered and seconds <= QUICK_TURN_SECONDS:
            self._quick[requester] = True
        elif is_answered:
            self._quick.pop(requester, None)

    def hold(self, requester: str, until: float, now: float) -> None:
        """Pause a requester that the host told to wait. If others were told too, start the rest one at a time."""
        until = max(until, self.held_until(requester))
        self._held = {name: end for name, end in self._held.items() if end > now and name != requester}
        if self._held or self.is_serial:
            self.serialize(now)
        if len(self._held) < MAX_REQUESTERS:
            self._held[requester] = until

    def serialize(self, now: float) -> None:
        """Start one request at a time from now on, until one that starts from now on is answered."""
        if self._serial_since is None:  # else the one that started since then would not be waited for any more
            self._serial_since = now
        self._told_at = now

    def answered(self, started: float) -> None:
        """Note that the host answered a request that started then."""
        if started >= self._told_at:
            self._serial_since = None

    def is_idle(self, now: float) -> bool:
        """Return whether the queue can be forgotten without harm."""
        is_empty = not (self._turns or self._ring or self.is_serial)
        return is_empty and now >= max(self._last_start + self._interval, *self._held.values(), -math.inf)

    @property
    def _interval(self) -> float:
        return max(self.budget.min_interval.total_seconds(), self.extra_interval)

    def _is_open(self, now: float) -> bool:
        return self._has_room() and now >= self._last_start + self._interval

    def _has_room(self) -> bool:
        """Return whether a turn is free. One at a time counts the requests that have started since then.

        Those that were open before may take long, such as slow bodies, and say nothing of how the host is now.
        """
        since = self._serial_since
        is_waited_for = since is not None and any(started >= since for _, started in self._turns)
        return len(self._turns) < self.budget.max_concurrent and not is_waited_for

    def _next_requester(self, now: float) -> str | None:
        if not self._ring:
            return None
        candidates: Iterable[str] = self._ring
        if not self._leaves_room(now, is_quick=None):  # thousands may wait: look at those alone that may start
            known = (requester for requester in self._ring if self._quick.get(requester) is True)
            tried = (one for one in self._ring if self._may_try(one, now, is_brief=self._is_next_brief(one)))
            candidates = chain(known, tried)
        return next((one for one in candidates if self._may_start(one, now, is_brief=self._is_next_brief(one))), None)

    def _may_try(self, requester: str, now: float, *, is_brief: bool) -> bool:
        return is_brief and now >= self._trials.get(requester, -math.inf) + TRIAL_INTERVAL_SECONDS

    def _is_next_brief(self, requester: str) -> bool:
        return next(iter(self._ring[requester].values()))

    def _may_start(self, requester: str, now: float, *, is_brief: bool) -> bool:
        if now < self.held_until(requester):
            return False
        limit = self.budget.max_concurrent
        if limit == 1:
            return True
        present = {requester, *(name for name, _ in self._turns)}
        not_waiting = sum(name not in self._ring for name in present)
        share = -(-limit // (len(self._ring) + not_waiting))
        if sum(name == requester for name, _ in self._turns) >= share:
            return False
        is_tried = self._may_try(requester, now, is_brief=is_brief)
        return self._leaves_room(now, is_quick=is_tried or self._quick.get(requester))

    def _leaves_room(self, now: float, *, is_quick: bool | None) -> bool:
        """Return whether others can start beside a requester; `is_quick` is None where nothing is known of it."""
        limit = self.budget.max_concurrent
        if limit == 1 or is_quick is True:
            return True
        slow, unproven = self._occupied(now)
        return unproven < limit - 1 and (is_quick is None or slow < limit // 2)

    def _occupied(self, now: float) -> tuple[int, int]:
        """Return how many turns slow requesters hold, and how many those do that are not known to be quick."""
        slow = unproven = 0
        for name, started in self._turns:
            is_quick = self._quick.get(name)
            is_slow = is_quick is False or now - started > SLOW_TURN_SECONDS
            slow += is_slow
            unproven += is_slow or is_quick is None
        return slow, unproven

    def _start(self, requester: str, now: float, *, is_brief: bool) -> None:
        if self._may_try(requester, now, is_brief=is_brief):
            self._trials[requester] = now
        self._turns.append((requester, now))
        self._last_start = now
