"""The order and the pace of status writes, without a clock: laws by a state machine, cases by hand."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.status.queue import JOIN_SECONDS, MAX_IN_FLIGHT, Pending, StatusQueue
from tests.support import builders as make

RATE = 4.0
BURST = 8
UIDS = st.sampled_from([f"u{n}" for n in range(12)])
STATE = ScheduleState()


def put(queue: StatusQueue, uid: str, now: float = 0.0, *, urgent: bool = False, rank: float = 0.0) -> bool:
    return queue.put(uid, make.plan(uid), STATE, urgent=urgent, rank=rank, now=now)


def take_all(queue: StatusQueue, now: float) -> list[str]:
    """Take and finish whatever may be written at `now`."""
    order = []
    while taken := queue.take(now):
        queue.written(*taken, urgent=False, rank=now, now=now)
        order.append(taken[0])
    return order


def test_urgent_ones_go_first_in_their_order_then_the_stalest() -> None:
    queue = StatusQueue(100)
    put(queue, "fresh", rank=30.0)
    put(queue, "stale", rank=10.0)
    put(queue, "urgent-2", 0.2, urgent=True)
    put(queue, "urgent-3", 0.3, urgent=True)
    put(queue, "stalest", rank=5.0)
    assert take_all(queue, 5.0) == ["urgent-2", "urgent-3", "stalest", "stale", "fresh"]


def test_what_waits_and_turns_urgent_goes_to_the_front() -> None:
    queue = StatusQueue(100)
    put(queue, "a", rank=1.0)
    put(queue, "b", rank=2.0)
    put(queue, "b", 0.1, urgent=True)
    assert take_all(queue, 0.1) == ["b"]
    assert take_all(queue, JOIN_SECONDS) == ["a"]


def test_start_and_end_of_a_short_run_are_one_write() -> None:
    queue = StatusQueue(100)
    put(queue, "a", 0.0)
    put(queue, "a", 0.4)
    assert queue.take(0.4) is None
    assert queue.wake_at(0.4) == JOIN_SECONDS
    assert take_all(queue, JOIN_SECONDS) == ["a"]
    assert len(queue) == 0


def test_the_budget_lets_a_burst_through_and_then_its_rate() -> None:
    queue = StatusQueue(RATE)
    for number in range(20):
        put(queue, f"u{number}", urgent=True)
    assert len(take_all(queue, 0.0)) == BURST
    assert queue.wake_at(0.0) == 1 / RATE
    assert len(take_all(queue, 1.0)) == RATE


def test_beyond_the_budget_only_at_the_end() -> None:
    queue = StatusQueue(RATE)
    for number in range(BURST + 1):
        put(queue, f"u{number}", urgent=True)
    put(queue, "not-urgent")
    take_all(queue, 0.0)
    assert queue.take(0.0) is None
    taken = queue.take(0.0, metered=False, urgent_only=True)
    assert taken is not None
    assert queue.wake_at(0.0, metered=False, urgent_only=True) == JOIN_SECONDS
    assert queue.take(JOIN_SECONDS, metered=False, urgent_only=True) is None


def test_what_was_unchanged_costs_no_token() -> None:
    queue = StatusQueue(RATE)
    for number in range(3 * BURST):
        put(queue, f"u{number}", urgent=True)
    for _ in range(3 * BURST):
        taken = queue.take(0.0)
        assert taken is not None
        queue.unchanged(*taken)
    assert len(queue) == 0


def test_a_refused_one_waits_while_others_go_and_news_do_not_shorten_its_wait() -> None:
    queue = StatusQueue(100)
    put(queue, "a", urgent=True)
    taken = queue.take(0.0)
    assert taken is not None
    queue.failed(*taken, delay=10.0, now=0.0)
    put(queue, "b", 1.0, urgent=True)
    put(queue, "a", 1.0, urgent=True)
    assert take_all(queue, 9.9) == ["b"]
    assert take_all(queue, 10.0) == ["a"]


def test_news_during_a_write_are_written_after_it() -> None:
    queue = StatusQueue(100)
    put(queue, "a", urgent=True)
    taken = queue.take(0.0)
    assert taken is not None
    put(queue, "a", 0.1, urgent=True)
    assert queue.take(0.1) is None
    queue.written(*taken, urgent=True, rank=0.2, now=0.2)
    assert take_all(queue, 0.2) == ["a"]


def test_what_is_forgotten_in_flight_does_not_come_back() -> None:
    queue = StatusQueue(100)
    put(queue, "a", urgent=True)
    taken = queue.take(0.0)
    assert taken is not None
    queue.forget("a")
    assert not queue.has_urgent
    queue.failed(*taken, delay=0.0, now=0.0)
    assert len(queue) == 0


class QueueLaws(RuleBasedStateMachine):
    """Any order of calls keeps the laws of the queue."""

    flights = Bundle("flights")

    def __init__(self) -> None:
        super().__init__()
        self.queue = StatusQueue(RATE)
        self.now = 0.0
        self.flying: dict[str, Pending] = {}
        self.waiting: set[str] = set()
        self.taken = 0

    @rule(seconds=st.floats(0.0, 5.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(uid=UIDS, urgent=st.booleans(), rank=st.floats(0.0, 100.0))
    def news(self, uid: str, *, urgent: bool, rank: float) -> None:
        before = self.queue.wake_at(self.now)
        must_wake = put(self.queue, uid, self.now, urgent=urgent, rank=rank)
        after = self.queue.wake_at(self.now)
        assert must_wake or after == before, "who sleeps would wake too late"
        self.waiting.add(uid)

    @rule(uid=UIDS)
    def forget(self, uid: str) -> None:
        self.queue.forget(uid)
        self.waiting.discard(uid)

    @rule(target=flights)
    def take(self) -> str:
        taken = self.queue.take(self.now)
        if taken is None:
            return ""
        uid, pending = taken
        assert uid not in self.flying, "two writes for one object"
        assert uid in self.waiting, "nothing waited"
        self.waiting.discard(uid)
        self.flying[uid] = pending
        self.taken += 1
        return uid

    @rule(uid=consumes(flights), urgent=st.booleans())
    def written(self, uid: str, *, urgent: bool) -> None:
        if pending := self.flying.pop(uid, None):
            self.queue.written(uid, pending, urgent=urgent, rank=self.now, now=self.now)

    @rule(uid=consumes(flights), delay=st.floats(0.0, 30.0))
    def failed(self, uid: str, delay: float) -> None:
        if pending := self.flying.pop(uid, None):
            if not pending.dropped:
                self.waiting.add(uid)
            self.queue.failed(uid, pending, delay=delay, now=self.now)

    @rule(uid=consumes(flights))
    def gone(self, uid: str) -> None:
        if pending := self.flying.pop(uid, None):
            self.waiting.discard(uid)
            self.queue.gone(uid, pending)

    @precondition(lambda self: not self.flying)
    @rule()
    def all_that_waits_is_written_in_the_end(self) -> None:
        order = []
        while (at := self.queue.wake_at(self.now)) is not None:
            self.now = max(self.now, at)
            order += take_all(self.queue, self.now)
        assert sorted(order) == sorted(self.waiting)
        self.waiting.clear()
        self.taken += len(order)

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.flying) <= MAX_IN_FLIGHT
        assert len(self.queue) == len(self.waiting | set(self.flying))
        assert len(self.queue._ready) + len(self.queue._later) <= 2 * len(self.queue) + 64
        assert self.taken <= BURST + RATE * self.now + 1

    @invariant()
    def it_never_says_now_and_then_gives_nothing_for_ever(self) -> None:
        at = self.queue.wake_at(self.now)
        if self.waiting - set(self.flying) and len(self.flying) < MAX_IN_FLIGHT:
            assert at is not None


TestQueueLaws = QueueLaws.TestCase
TestQueueLaws.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
