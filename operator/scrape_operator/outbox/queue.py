"""The order and the pace of deliveries. Pure: time is an argument, in seconds."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from scrape_operator.core.lazy_heap import LazyHeap
from scrape_operator.core.token_bucket import TokenBucket

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much waits in an outbox, and how much it sends.

    `per_second` and `burst` are its budget. Urgent items may use `urgent_per_second` beyond it.
    """

    capacity: int
    max_in_flight: int
    per_second: float = inf
    burst: float = inf
    urgent_per_second: float | None = None
    urgent_burst: float = 1.0


@dataclass(slots=True)
class _Entry(Generic[Item]):
    """What waits under one key, or is in flight."""

    item: Item
    urgency: int
    not_before: float
    failures: int = 0
    is_forgotten: bool = False


class OutboxQueue(Generic[Key, Item]):
    """Holds one entry for each key: `merge` joins what waits with what arrives.

    The most urgent go first, in the order in which they became so. Those without urgency go by `rank`, least first.
    No key is in flight twice. Where the queue is full, the entry that has waited longest is dropped.
    """

    def __init__(
        self, limits: OutboxLimits, *, merge: Callable[[Item, Item], Item], rank: Callable[[Key], float]
    ) -> None:
        self._limits = limits
        self._merge = merge
        self._rank = rank
        self._budgets = [TokenBucket(limits.per_second, limits.burst)]
        if limits.urgent_per_second is not None:
            self._budgets.append(TokenBucket(limits.urgent_per_second, limits.urgent_burst))
        self._waiting: dict[Key, _Entry[Item]] = {}
        self._in_flight: dict[Key, _Entry[Item]] = {}
        self._later: LazyHeap[Key, float] = LazyHeap()
        self._ready: LazyHeap[Key, tuple[int, float]] = LazyHeap()

    def __len__(self) -> int:
        return len(self._waiting.keys() | self._in_flight.keys())

    def has(self, min_urgency: int = 0) -> bool:
        """Return whether an entry of at least this urgency waits or is in flight."""
        entries = (*self._waiting.values(), *self._in_flight.values())
        return any(entry.urgency >= min_urgency and not entry.is_forgotten for entry in entries)

    def items(self) -> tuple[tuple[Key, Item], ...]:
        """Return everything that waits or is in flight, the latest of each key."""
        return tuple((key, entry.item) for key, entry in (self._in_flight | self._waiting).items())

    def urgency(self, key: Key) -> int:
        """Return the highest urgency of what waits under a key or is in flight; 0 where nothing is."""
        entries = (self._waiting.get(key), self._in_flight.get(key))
        return max((entry.urgency for entry in entries if entry is not None), default=0)

    def put(self, key: Key, item: Item, *, now: float, urgency: int = 0, delay: float = 0.0) -> float:
        """Insert an item, and return when it can be taken; infinity if it joins one that waits, no sooner than before.

        While its key is in flight, it can't be taken.
        """
        at = now if urgency else now + delay
        entry = self._waiting.get(key)
        if entry is None:
            self._make_room()
            self._waiting[key] = _Entry(item, urgency, at)
        else:
            entry.item = self._merge(entry.item, item)
            at = entry.not_before if entry.failures else min(at, entry.not_before)
            urgency = max(urgency, entry.urgency)
            if (urgency, at) == (entry.urgency, entry.not_before):
                return inf
            entry.urgency, entry.not_before = urgency, at
        self._place(key, now)
        return at

    def take(self, now: float) -> tuple[Key, Item] | None:
        """Return what is to be delivered now, or None; it is in flight until its end is reported."""
        key = self._first(now)
        if key is None or not any(budget.take(now) for budget in self._budgets_of(key)):
            return None
        self._ready.discard(key)
        entry = self._in_flight[key] = self._waiting.pop(key)
        return key, entry.item

    def wake_at(self, now: float) -> float | None:
        """Return the time at which `take` may have an answer. None: not before something else happens."""
        key = self._first(now)
        if key is not None:
            return min(budget.ready_at(now) for budget in self._budgets_of(key))
        later = self._later.first()
        return None if later is None else later[0]

    def refund(self) -> None:
        """Return the token of a delivery that asked nothing of the other side."""
        self._budgets[0].put_back()

    def delivered(self, key: Key, now: float) -> None:
        """Note that the delivery succeeded, or is given up; what arrived meanwhile waits."""
        del self._in_flight[key]
        self._place(key, now)

    def failed(self, key: Key, now: float, *, delay: float) -> None:
        """Note a failure: the delivery is tried again after `delay` seconds."""
        self._in_flight[key].failures += 1
        self.postponed(key, now, delay=delay)

    def postponed(self, key: Key, now: float, *, delay: float) -> None:
        """Note that the delivery was not possible yet, which is no failure."""
        entry, arrived = self._in_flight.pop(key), self._waiting.get(key)
        if not entry.is_forgotten:
            if arrived is not None:
                entry.item, entry.urgency = self._merge(entry.item, arrived.item), max(entry.urgency, arrived.urgency)
            entry.not_before = now + delay
            self._waiting[key] = entry
        self._place(key, now)

    def failures(self, key: Key) -> int:
        """Return how often the delivery of a key that is in flight failed in a row before."""
        return self._in_flight[key].failures

    def forget(self, key: Key) -> None:
        """Drop what waits; the end of what is in flight is ignored."""
        self._remove(key)
        if key in self._in_flight:
            self._in_flight[key].is_forgotten = True

    def hurry(self, now: float, min_urgency: int = 0) -> None:
        """Allow everything at once that is at least so urgent, and drop the rest: the process ends."""
        self._budgets = [TokenBucket(inf, inf)]
        for key, entry in tuple(self._waiting.items()):
            if entry.urgency < min_urgency:
                self._remove(key)
            else:
                entry.not_before = now
                self._place(key, now)

    def _budgets_of(self, key: Key) -> list[TokenBucket]:
        return self._budgets if self._waiting[key].urgency else self._budgets[:1]

    def _make_room(self) -> None:
        if len(self._waiting) >= self._limits.capacity:
            self._remove(next(iter(self._waiting)))

    def _remove(self, key: Key) -> None:
        self._waiting.pop(key, None)
        self._later.discard(key)
        self._ready.discard(key)

    def _place(self, key: Key, now: float) -> None:
        """Queue what waits under a key; while the key is in flight, its turn has not come."""
        entry = self._waiting.get(key)
        if entry is None or key in self._in_flight:
            return
        if entry.not_before > now:
            self._later.set(key, entry.not_before)
        else:
            self._later.discard(key)
            self._ready.set(key, (-entry.urgency, 0.0 if entry.urgency else self._rank(key)))

    def _first(self, now: float) -> Key | None:
        """Move what has become ready, and return the first of the ready ones; None where nothing may start."""
        for key in self._later.pop_until(now):
            self._place(key, now)
        ready = self._ready.first()
        return None if ready is None or len(self._in_flight) >= self._limits.max_in_flight else ready[1]
