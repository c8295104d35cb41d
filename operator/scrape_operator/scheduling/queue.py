"""The timer queue: when each schedule is looked at next, in one heap without a task or timer for each schedule."""

from collections.abc import Iterator
from datetime import datetime

from scrape_operator.core.lazy_heap import LazyHeap


class TimerQueue:
    """Holds at most one due time for each schedule."""

    def __init__(self) -> None:
        self._heap: LazyHeap[str, datetime] = LazyHeap()

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, uid: str, due: datetime | None) -> None:
        """Reschedule `uid` to `due`; None removes it."""
        if due is None:
            self._heap.discard(uid)
        else:
            self._heap.set(uid, due)

    def next_due(self) -> datetime | None:
        """Return the earliest due time, or None if the queue is empty."""
        first = self._heap.first()
        return None if first is None else first[0]

    def pop_due(self, now: datetime, limit: int) -> Iterator[str]:
        """Remove and yield up to `limit` schedules that are due at `now`, earliest first."""
        for _ in range(limit):
            due = self.next_due()
            if due is None or due > now:
                return
            yield self._heap.pop()[1]
