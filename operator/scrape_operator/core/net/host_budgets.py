"""How much a host is asked: budgets, which rule counts, and the queue before one host.

`fetching.budgets` waits by this arithmetic; platforms and policies say the budgets. Instants are seconds of a clock
that never jumps, and inputs.
"""

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Generic, TypeVar

from scrape_operator.core.errors import InvalidValue

Ticket = TypeVar("Ticket", bound=Hashable)

_NEVER = -math.inf
_ANY = "*"


@dataclass(frozen=True, slots=True)
class HostBudget:
    """How much a host is asked: requests at a time, and the time between the starts of two."""

    max_concurrent: int
    min_interval: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse a budget that nothing could be asked within."""
        if self.max_concurrent < 1 or self.min_interval < timedelta(0):
            raise InvalidValue("a host's budget needs maxConcurrent of at least 1 and a minInterval of at least 0s")

    def tightened(self, other: "HostBudget") -> "HostBudget":
        """Give what keeps within both."""
        return HostBudget(min(self.max_concurrent, other.max_concurrent), max(self.min_interval, other.min_interval))


class HostRules:
    """One layer of rules, such as one policy's `hosts`: budgets by what they match."""

    def __init__(self, budgets: Mapping[str, HostBudget]) -> None:
        self._budgets = {match.lower(): budget for match, budget in budgets.items()}

    def budget_for(self, authority: str) -> HostBudget | None:
        """Give the budget of the most specific match: exact, longest `*.suffix`, `*`.

        `authority` is a host in lower case, with its port where that is not the scheme's own; a match may name the
        port or not. `*.example.org` is no match for example.org.
        """
        return next((self._budgets[match] for match in matches_of(authority) if match in self._budgets), None)


def matches_of(authority: str) -> Iterator[str]:
    """Yield every entry of a list of hosts that matches an authority, the most specific first."""
    yield authority
    is_ipv6 = authority.startswith("[")
    host = authority[: authority.find("]") + 1] if is_ipv6 else authority.partition(":")[0]
    yield host
    while "." in host:
        host = host.partition(".")[2]
        yield f"*.{host}"
    yield _ANY


def budget_of(authority: str, layers: Iterable[HostRules], default: HostBudget) -> HostBudget:
    """Give a host's budget: the tightest of what the layers say, the default where none says anything."""
    found = [budget for layer in layers if (budget := layer.budget_for(authority)) is not None]
    return reduce(HostBudget.tightened, found) if found else default


class HostQueue(Generic[Ticket]):
    """Who may ask one host, and when: within its budget, in turn among the requesters, each's own in order.

    A requester is served once before another is served twice, however much either has waiting. Every step is O(1).
    """

    __slots__ = (
        "_budget",
        "_held_until",
        "_interval",
        "_last_start",
        "_most",
        "_ring",
        "_serial_from",
        "_told",
        "in_flight",
    )

    def __init__(self, budget: HostBudget) -> None:
        self.in_flight = 0
        self._ring: OrderedDict[str, OrderedDict[Ticket, None]] = OrderedDict()
        self._last_start = _NEVER
        self._held_until = _NEVER
        self._told: set[str] = set()
        self._serial_from = math.inf
        self.budget = budget

    @property
    def budget(self) -> HostBudget:
        """What the host may be asked; a new one counts from the next start on."""
        return self._budget

    @budget.setter
    def budget(self, budget: HostBudget) -> None:
        self._budget = budget
        self._most = budget.max_concurrent
        self._interval = budget.min_interval.total_seconds()

    @property
    def held_until(self) -> float:
        """The instant until which a pause lasts; minus infinity where there is none."""
        return self._held_until

    def waiting(self) -> Iterator[Ticket]:
        """Give all that wait, requester by requester."""
        for tickets in self._ring.values():
            yield from tickets

    def try_start(self, requester: str, now: float) -> bool:
        """Start at once where nobody waits and the budget has room.

        In a pause, those whom the host itself has told to wait go on by their own retry policy, one at a time.
        """
        held = now < self._held_until
        jumps = held and requester in self._told
        if self.in_flight >= self._limit(now) or now < self._last_start + self._interval:
            return False
        if not jumps and (held or self._ring):
            return False
        self._start(now)
        return True

    def join(self, requester: str, ticket: Ticket) -> None:
        """Wait behind the requester's own; a requester that is new here comes last."""
        self._ring.setdefault(requester, OrderedDict())[ticket] = None

    def withdraw(self, requester: str, ticket: Ticket) -> None:
        """Wait no more; nothing happens where the ticket doesn't wait."""
        tickets = self._ring.get(requester)
        if tickets is not None and ticket in tickets:
            del tickets[ticket]
            if not tickets:
                del self._ring[requester]

    def head(self) -> Ticket | None:
        """Give who is next, or None where nobody waits."""
        tickets = next(iter(self._ring.values()), None)
        return None if tickets is None else next(iter(tickets))

    def start_at(self, now: float) -> float | None:
        """Say from when on the next may start; None where nobody waits, or not before one in flight ends."""
        if not self._ring or self.in_flight >= self._limit(now):
            return None
        return max(self._held_until, self._last_start + self._interval)

    def start_next(self, now: float) -> Ticket:
        """Start the next; `start_at` says whether that may be."""
        requester, tickets = next(iter(self._ring.items()))
        ticket, _ = tickets.popitem(last=False)
        if tickets:
            self._ring.move_to_end(requester)
        else:
            del self._ring[requester]
        self._start(now)
        return ticket

    def end(self) -> None:
        """Note that one in flight has ended, or was given up."""
        self.in_flight -= 1

    def hold(self, requester: str, until: float, now: float) -> bool:
        """Let nobody start before `until`, since the host has told this requester to wait; then one at a time.

        True: a pause begins; False: one goes on.
        """
        begins = now >= self._held_until
        if begins:
            self._told.clear()
        self._told.add(requester)
        self._held_until = max(self._held_until, until)
        self.probe(now)
        return begins

    def probe(self, since: float) -> None:
        """Start one at a time from an instant on, until the host is known to answer."""
        self._serial_from = min(self._serial_from, since)

    def answered(self) -> bool:
        """Note that the host answers: a pause is over, and so is asking one at a time. False: there was neither."""
        if self._serial_from == math.inf:
            return False
        self._serial_from = math.inf
        self._held_until = _NEVER
        self._told.clear()
        return True

    def is_idle(self, now: float) -> bool:
        """Whether the queue could be forgotten without harm."""
        remembers = now < max(self._held_until, self._last_start + self._interval)
        return not (self.in_flight or self._ring or remembers)

    def _start(self, now: float) -> None:
        self.in_flight += 1
        self._last_start = now

    def _limit(self, now: float) -> int:
        return self._most if now < self._serial_from else 1
