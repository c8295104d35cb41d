"""A priority queue with one entry for each key, in O(log n) a step."""

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

_SLACK = 64
"""How many stale entries may remain beyond the number of valid ones before the heap is rebuilt."""


class Sortable(Protocol):
    """A value that can be ordered, such as a number, a datetime or a tuple of them."""

    def __lt__(self, other: Any, /) -> bool:
        """Return whether this value comes first."""


Key = TypeVar("Key", bound=Hashable)
Priority = TypeVar("Priority", bound=Sortable)


class LazyHeap(Generic[Key, Priority]):
    """Orders keys by priority, least first; equal priorities keep the order in which they were set.

    An entry that was replaced or discarded stays in the heap until it reaches the top.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[Priority, int, Key]] = []
        self._valid: dict[Key, tuple[Priority, int]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._valid)

    def set(self, key: Key, priority: Priority) -> None:
        """Insert `key`, or move it to another priority."""
        known = self._valid.get(key)
        if known is not None and known[0] == priority:
            return
        number = next(self._numbers)
        self._valid[key] = (priority, number)
        heapq.heappush(self._heap, (priority, number, key))
        self._compact()

    def discard(self, key: Key) -> None:
        """Remove `key` if it is there."""
        if self._valid.pop(key, None) is not None:
            self._compact()

    def first(self) -> tuple[Priority, Key] | None:
        """Return the least priority with its key, or None where nothing is left."""
        while self._heap and not self._is_valid(self._heap[0]):
            heapq.heappop(self._heap)
        return (self._heap[0][0], self._heap[0][2]) if self._heap else None

    def pop_until(self, latest: Priority) -> Iterator[Key]:
        """Remove and yield the keys whose priority is at most `latest`, least first."""
        while (first := self.first()) is not None and not latest < first[0]:
            self.discard(first[1])
            yield first[1]

    def _is_valid(self, entry: tuple[Priority, int, Key]) -> bool:
        known = self._valid.get(entry[2])
        return known is not None and known[1] == entry[1]

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._valid) + _SLACK:
            self._heap = [entry for entry in self._heap if self._is_valid(entry)]
            heapq.heapify(self._heap)
