"""The order and the pace of deliveries. Pure: time is an argument, in seconds."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from scrape_operator.core.lazy_heap import LazyHeap
from scrape_operator.core.token_bucket import TokenBucket

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much an outbox holds and sends.

    `per_second` and `burst` are its budget, None is no limit. Urgent items may use `urgent_per_second` beyond it.
    """

    capacity: int
    max_in_flight: int
    per_second: float | None = None
    burst: float = 1.0
    urgent_per_second: float | None = None
    urgent_burst: float = 1.0


@dataclass(slots=True)
class _Entry(Generic[Item]):
    """What waits under one key, or is in flight; `following` arrived while it was in flight."""

    item: Item
    urgency: int
    not_before: float
    failures: int = 0
    is_in_flight: bool = False
    is_forgotten: bool = False
    following: tuple[Item, int, float] | None = None

    @property
    def highest_urgency(self) -> int:
        """The urgency of what waits or of what is in flight, whichever is higher."""
        return self.urgency if self.following is None else max(self.urgency, self.following[1])


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
        self._budget = None if limits.per_second is None else TokenBucket(limits.per_second, limits.burst)
        reserve = limits.urgent_per_second
        self._reserve = None if reserve is None else TokenBucket(reserve, limits.urgent_burst)
        self._entries: dict[Key, _Entry[Item]] = {}
        self._later: LazyHeap[Key, float] = LazyHeap()
        self._ready: LazyHeap[Key, tuple[int, float]] = LazyHeap()
        self._in_flight = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def has(self, min_urgency: int = 0) -> bool:
        """Return whether an entry of at least this urgency waits or is in flight."""
        return any(entry.highest_urgency >= min_urgency for entry in self._entries.values())

    def items(self) -> tuple[tuple[Key, Item], ...]:
        """Return everything that waits or is in flight, the latest of each key."""
        return tuple((key, (entry.following or (entry.item,))[0]) for key, entry in self._entries.items())

    def urgency(self, key: Key) -> int:
        """Return the urgency of what waits under a key; 0 where nothing does."""
        entry = self._entries.get(key)
        return 0 if entry is None else entry.highest_urgency

    def put(self, key: Key, item: Item, *, now: float, urgency: int = 0, delay: float = 0.0) -> float | None:
        """Insert an item, and return when it can be taken; None while its key is in flight."""
        entry, at = self._entries.get(key), now if urgency else now + delay
        if entry is None:
            self._make_room()
            entry = self._entries[key] = _Entry(item, urgency, at)
            self._place(key, entry, now)
            return at
        if entry.is_in_flight:
            self._follow(entry, item, urgency, at)
            return None
        entry.item = self._merge(entry.item, item)
        sooner = at < entry.not_before and not entry.failures
        if urgency > entry.urgency or sooner:
            entry.urgency = max(urgency, entry.urgency)
            entry.not_before = at if sooner else entry.not_before
            self._place(key, entry, now)
        return entry.not_before

    def take(self, now: float, *, is_metered: bool = True, min_urgency: int = 0) -> tuple[Key, Item] | None:
        """Return what is to be delivered now, or None; it is in flight until its end is reported."""
        key = self._first(now, min_urgency)
        if key is None or (is_metered and not self._take_token(self._entries[key].urgency, now)):
            return None
        self._ready.pop()
        entry = self._entries[key]
        entry.is_in_flight = True
        self._in_flight += 1
        return key, entry.item

    def wake_at(self, now: float, *, is_metered: bool = True, min_urgency: int = 0) -> float | None:
        """Return the time at which `take` may have an answer; None: not before something else happens."""
        if self._in_flight >= self._limits.max_in_flight:
            return None
        key = self._first(now, min_urgency)
        if key is not None:
            return self._token_at(self._entries[key].urgency, now) if is_metered else now
        first = self._later.first()
        return None if first is None else first[0]

    def refund(self) -> None:
        """Return the token of a delivery that asked nothing of the other side."""
        if self._budget is not None:
            self._budget.put_back()

    def delivered(self, key: Key, now: float) -> None:
        """Note that the delivery succeeded; what arrived meanwhile waits again."""
        entry = self._end_flight(key)
        if entry.is_forgotten or entry.following is None:
            del self._entries[key]
            return
        entry.item, entry.urgency, entry.not_before = entry.following
        entry.following, entry.failures = None, 0
        self._place(key, entry, now)

    def failed(self, key: Key, now: float, *, delay: float) -> None:
        """Note a failure: the delivery is tried again after `delay` seconds."""
        self._end_flight(key).failures += 1
        self._wait(key, now, delay)

    def postponed(self, key: Key, now: float, *, delay: float) -> None:
        """Note that the delivery was not possible yet, which is no failure."""
        self._end_flight(key)
        self._wait(key, now, delay)

    def failures(self, key: Key) -> int:
        """Return how often the delivery of a key failed in a row."""
        return self._entries[key].failures

    def give_up(self, key: Key, now: float) -> None:
        """Drop what was in flight; what arrived meanwhile waits."""
        self.dropped += 1
        self.delivered(key, now)

    def forget(self, key: Key) -> None:
        """Drop what waits; the end of what is in flight is ignored."""
        entry = self._entries.get(key)
        if entry is None:
            return
        if entry.is_in_flight:
            entry.is_forgotten, entry.following, entry.urgency = True, None, -1
        else:
            self._remove(key)

    def hurry(self, now: float) -> None:
        """Make all waiting messages due at once, whatever their delay was."""
        for key in self._later:
            entry = self._entries[key]
            entry.not_before = now
            self._place(key, entry, now)

    def _follow(self, entry: _Entry[Item], item: Item, urgency: int, at: float) -> None:
        if entry.following is not None:
            before, urgency_before, at_before = entry.following
            item, urgency, at = self._merge(before, item), max(urgency, urgency_before), min(at, at_before)
        entry.following, entry.is_forgotten = (item, urgency, at), False

    def _wait(self, key: Key, now: float, delay: float) -> None:
        entry = self._entries[key]
        if entry.is_forgotten:
            del self._entries[key]
            return
        if entry.following is not None:
            item, urgency, _at = entry.following
            entry.item, entry.urgency = self._merge(entry.item, item), max(entry.urgency, urgency)
            entry.following = None
        entry.not_before = now + delay
        self._place(key, entry, now)

    def _end_flight(self, key: Key) -> _Entry[Item]:
        self._in_flight -= 1
        entry = self._entries[key]
        entry.is_in_flight = False
        return entry

    def _make_room(self) -> None:
        if len(self._entries) < self._limits.capacity:
            return
        oldest = next((key for key, entry in self._entries.items() if not entry.is_in_flight), None)
        if oldest is not None:
            self._remove(oldest)
            self.dropped += 1

    def _remove(self, key: Key) -> None:
        del self._entries[key]
        self._later.discard(key)
        self._ready.discard(key)

    def _place(self, key: Key, entry: _Entry[Item], now: float) -> None:
        if entry.not_before > now:
            self._ready.discard(key)
            self._later.set(key, entry.not_before)
        else:
            self._later.discard(key)
            self._ready.set(key, (-entry.urgency, 0.0 if entry.urgency else self._rank(key)))

    def _first(self, now: float, min_urgency: int) -> Key | None:
        """Move what has become ready, and return the first of the ready ones; None where nothing may start."""
        while (first := self._later.first()) is not None and first[0] <= now:
            self._place(first[1], self._entries[first[1]], now)
        first_ready = self._ready.first()
        if first_ready is None or self._in_flight >= self._limits.max_in_flight:
            return None
        key = first_ready[1]
        return key if self._entries[key].urgency >= min_urgency else None

    def _take_token(self, urgency: int, now: float) -> bool:
        if self._budget is None or self._budget.take(now):
            return True
        return bool(urgency) and self._reserve is not None and self._reserve.take(now)

    def _token_at(self, urgency: int, now: float) -> float:
        if self._budget is None:
            return now
        at = self._budget.ready_at(now)
        return min(at, self._reserve.ready_at(now)) if urgency and self._reserve is not None else at
