"""The timer queue: (due, uid) in one heap, O(log n), no task and no timer handle per schedule."""

import heapq
from collections.abc import Iterator
from datetime import datetime

SLACK = 64


class TimerQueue:
    """Holds at most one due time for each schedule. A cancelled entry stays in the heap until it surfaces."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, str]] = []
        self._live: dict[str, tuple[datetime, int]] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, uid: str, due: datetime | None) -> None:
        """Let `uid` be due then, instead of whenever it was; None cancels it."""
        if due is None:
            self.cancel(uid)
            return
        known = self._live.get(uid)
        if known is not None and known[0] == due:
            return
        self._sequence += 1
        self._live[uid] = (due, self._sequence)
        heapq.heappush(self._heap, (due, self._sequence, uid))
        self._compact()

    def cancel(self, uid: str) -> None:
        """Forget `uid`."""
        self._live.pop(uid, None)
        self._compact()

    def next_due(self) -> datetime | None:
        """Give the earliest due time."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: datetime, limit: int) -> Iterator[tuple[str, datetime]]:
        """Take out up to `limit` schedules that are due at `now`, earliest first."""
        for _ in range(limit):
            self._drop_dead()
            if not self._heap or self._heap[0][0] > now:
                return
            due, _sequence, uid = heapq.heappop(self._heap)
            del self._live[uid]
            yield uid, due

    def _is_dead(self, entry: tuple[datetime, int, str]) -> bool:
        return self._live.get(entry[2]) != (entry[0], entry[1])

    def _drop_dead(self) -> None:
        while self._heap and self._is_dead(self._heap[0]):
            heapq.heappop(self._heap)

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._live) + SLACK:
            self._heap = [entry for entry in self._heap if not self._is_dead(entry)]
            heapq.heapify(self._heap)
