"""Which status is written next, and when: the thinking half of the writer. Pure; time is an argument, in seconds.

At most one entry for each UID: what comes later replaces what waits. Urgent entries go first, oldest
first; the others go stalest first, after a moment in which the end of a short run joins its start. All
take their token from one bucket, and one UID is never in flight twice.
"""

import heapq
from dataclasses import dataclass

from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.pacing import TokenBucket

MAX_IN_FLIGHT = 8
JOIN_SECONDS = 1.0
SLACK = 64


@dataclass(slots=True)
class Pending:
    """What waits, or is being written, for one UID.

    `entry` numbers its only valid place in the heaps, 0 while it is in flight. `changed` says that
    there was news while it was in flight, `dropped` that it was forgotten then.
    """

    plan: SchedulePlan
    state: ScheduleState
    urgent: bool
    rank: float
    not_before: float
    failures: int = 0
    entry: int = 0
    in_flight: bool = False
    changed: bool = False
    dropped: bool = False


class StatusQueue:
    """Holds what waits, in O(log n) a step."""

    def __init__(self, writes_per_second: float, *, max_in_flight: int = MAX_IN_FLIGHT) -> None:
        self._bucket = TokenBucket(writes_per_second, 2 * writes_per_second)
        self._max_in_flight = max_in_flight
        self._pending: dict[str, Pending] = {}
        self._urgent: set[str] = set()
        self._ready: list[tuple[bool, float, int, str]] = []
        self._later: list[tuple[float, int, str]] = []
        self._entries = 0
        self._in_flight = 0

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def has_urgent(self) -> bool:
        """Whether something waits, or is on its way, that a reader would act on."""
        return bool(self._urgent)

    def entries(self) -> tuple[tuple[str, Pending], ...]:
        """Give all that waits or is in flight, by UID."""
        return tuple(self._pending.items())

    def is_urgent(self, uid: str) -> bool:
        """Whether the status of `uid` waits, or is on its way, as one that a reader would act on."""
        return uid in self._urgent

    def put(self, uid: str, plan: SchedulePlan, state: ScheduleState, *, urgent: bool, rank: float, now: float) -> bool:
        """Let the status of `uid` be written. `rank` orders those that are not urgent, least first.

        Gives whether `wake_at` may be sooner than before: who sleeps until then must be woken.
        """
        pending, is_first = self._pending.get(uid), False
        if pending is None:
            pending = Pending(plan, state, urgent=False, rank=rank, not_before=now + JOIN_SECONDS)
            self._pending[uid] = pending
            self._place(uid, pending)
            is_first = self._later[0][1] == pending.entry
        pending.plan, pending.state = plan, state
        pending.changed, pending.dropped = pending.in_flight, False
        if urgent and not pending.urgent:
            self._promote(uid, pending, now)
            return True
        return is_first

    def take(self, now: float, *, metered: bool = True, urgent_only: bool = False) -> tuple[str, Pending] | None:
        """Take the one to be written now; None: nothing may be.

        It is in flight until `written`, `unchanged`, `failed` or `gone` is called with it.
        """
        if self._in_flight >= self._max_in_flight:
            return None
        uid = self._front(now)
        if uid is None or (urgent_only and not self._pending[uid].urgent):
            return None
        if metered and not self._bucket.take(now):
            return None
        heapq.heappop(self._ready)
        pending = self._pending[uid]
        pending.in_flight, pending.changed, pending.entry = True, False, 0
        self._in_flight += 1
        return uid, pending

    def wake_at(self, now: float, *, metered: bool = True, urgent_only: bool = False) -> float | None:
        """Give the time at which `take` may have an answer; None: not before something else happens."""
        if self._in_flight >= self._max_in_flight:
            return None
        uid = self._front(now)
        if uid is not None and (self._pending[uid].urgent or not urgent_only):
            return self._bucket.ready_at(now) if metered else now
        return self._later[0][0] if self._later else None

    def written(self, uid: str, pending: Pending, *, urgent: bool, rank: float, now: float) -> None:
        """Note that it was written. News that came meanwhile wait again, with this urgency and rank."""
        self._land(pending)
        if pending.dropped or not pending.changed:
            self._drop(uid)
            return
        pending.failures, pending.rank, pending.urgent = 0, rank, False
        self._urgent.discard(uid)
        pending.not_before = now + JOIN_SECONDS
        self._place(uid, pending)
        if urgent:
            self._promote(uid, pending, now)

    def unchanged(self, uid: str, pending: Pending) -> None:
        """Note that there was nothing to write: the token goes back. Called before anything else can happen."""
        self._bucket.give_back()
        self._land(pending)
        self._drop(uid)

    def failed(self, uid: str, pending: Pending, *, delay: float, now: float) -> None:
        """Let it be tried again after `delay` seconds."""
        self._land(pending)
        if pending.dropped:
            self._drop(uid)
            return
        pending.failures += 1
        pending.not_before = now + delay
        self._place(uid, pending)

    def gone(self, uid: str, pending: Pending) -> None:
        """Note that there is no such object any more."""
        self._land(pending)
        self._drop(uid)

    def forget(self, uid: str) -> None:
        """Drop what waits; the answer to what is in flight will be ignored."""
        pending = self._pending.get(uid)
        if pending is None:
            return
        if pending.in_flight:
            pending.dropped, pending.urgent = True, False
            self._urgent.discard(uid)
        else:
            self._drop(uid)

    def _land(self, pending: Pending) -> None:
        pending.in_flight = False
        self._in_flight -= 1

    def _drop(self, uid: str) -> None:
        del self._pending[uid]
        self._urgent.discard(uid)
        self._compact()

    def _promote(self, uid: str, pending: Pending, now: float) -> None:
        """Bring to the front what waits for its turn; what the server refused keeps its back-off."""
        pending.urgent = True
        self._urgent.add(uid)
        if not pending.in_flight:
            pending.not_before = pending.not_before if pending.failures else now
            self._place(uid, pending)

    def _place(self, uid: str, pending: Pending) -> None:
        self._entries += 1
        pending.entry = self._entries
        heapq.heappush(self._later, (pending.not_before, pending.entry, uid))
        self._compact()

    def _front(self, now: float) -> str | None:
        """Move what has become ready, and give the first of the ready ones."""
        while self._later and (self._later[0][0] <= now or not self._is_valid(self._later[0][-2:])):
            not_before, entry, uid = heapq.heappop(self._later)
            if self._is_valid((entry, uid)):
                pending = self._pending[uid]
                rank = not_before if pending.urgent else pending.rank
                heapq.heappush(self._ready, (not pending.urgent, rank, entry, uid))
        while self._ready and not self._is_valid(self._ready[0][-2:]):
            heapq.heappop(self._ready)
        return self._ready[0][-1] if self._ready else None

    def _is_valid(self, place: tuple[int, str]) -> bool:
        pending = self._pending.get(place[1])
        return pending is not None and pending.entry == place[0]

    def _compact(self) -> None:
        if len(self._ready) + len(self._later) > 2 * len(self._pending) + SLACK:
            self._ready = [entry for entry in self._ready if self._is_valid(entry[-2:])]
            self._later = [entry for entry in self._later if self._is_valid(entry[-2:])]
            heapq.heapify(self._ready)
            heapq.heapify(self._later)
