"""The order and the pace of deliveries, without a clock: laws by a state machine, cases by hand."""

from math import inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from scrape_operator.outbox.queue import OutboxLimits, OutboxQueue

RATE = 4.0
BURST = 8
MAX_IN_FLIGHT = 3
DELAY = 1.0
KEYS = st.sampled_from([f"k{number}" for number in range(6)])

Queue = OutboxQueue[str, tuple[int, ...]]


def queue(rate: float = 100.0, *, max_in_flight: int = 100, capacity: int = 1000, **limits: float) -> Queue:
    """A queue that ranks a key by the number in its name, and joins what waits."""
    made = OutboxLimits(capacity, max_in_flight, per_second=rate, burst=BURST if rate == RATE else 200.0, **limits)
    return OutboxQueue(made, merge=lambda before, after: before + after, rank=lambda key: float(key.lstrip("k") or 0))


def put(made: Queue, key: str, now: float = 0.0, *, urgency: int = 0, item: int = 1, delay: float = DELAY) -> None:
    made.put(key, (item,), now=now, urgency=urgency, delay=delay)


def take_all(made: Queue, now: float) -> list[str]:
    """Take and deliver whatever may go at `now`."""
    order = []
    while taken := made.take(now):
        made.delivered(taken[0], now)
        order.append(taken[0])
    return order


def test_the_most_urgent_go_first_in_their_order_then_the_least_rank() -> None:
    made = queue()
    put(made, "k30")
    put(made, "k10")
    put(made, "k2", 0.2, urgency=1)
    put(made, "k9", 0.3, urgency=2)
    put(made, "k1", 0.4, urgency=1)
    put(made, "k5")
    assert take_all(made, 5.0) == ["k9", "k2", "k1", "k5", "k10", "k30"]


def test_what_waits_and_turns_urgent_goes_to_the_front() -> None:
    made = queue()
    put(made, "k1")
    put(made, "k2")
    put(made, "k2", 0.1, urgency=1)
    assert take_all(made, 0.1) == ["k2"]
    assert take_all(made, DELAY) == ["k1"]


def test_items_of_one_key_are_merged_and_wait_no_longer() -> None:
    made = queue()
    put(made, "k1", 0.0, item=1)
    put(made, "k1", 0.4, item=2)
    assert made.items() == (("k1", (1, 2)),)
    assert made.take(0.4) is None
    assert made.wake_at(0.4) == DELAY
    assert made.take(DELAY) == ("k1", (1, 2))


def test_the_budget_allows_a_burst_and_then_its_rate() -> None:
    made = queue(RATE)
    for number in range(20):
        put(made, f"k{number}", delay=0.0)
    assert len(take_all(made, 0.0)) == BURST
    assert made.wake_at(0.0) == 1 / RATE
    assert len(take_all(made, 1.0)) == RATE


def test_urgent_ones_have_a_reserve_beyond_the_budget() -> None:
    made = queue(RATE, urgent_per_second=2.0, urgent_burst=3.0)
    for number in range(20):
        put(made, f"k{number}", delay=0.0)
    take_all(made, 0.0)
    for number in range(20, 30):
        put(made, f"k{number}", urgency=1)
    assert take_all(made, 0.0) == ["k20", "k21", "k22"]
    assert made.wake_at(0.0) == 1 / RATE
    assert take_all(made, 0.5) == ["k23", "k24", "k25"]  # two of the budget, one of the reserve


def test_at_the_end_what_is_urgent_goes_beyond_every_budget_and_the_rest_is_dropped() -> None:
    made = queue(RATE)
    for number in range(BURST + 5):
        put(made, f"k{number}", urgency=1)
    put(made, "k99")
    take_all(made, 0.0)
    assert made.take(0.0) is None
    assert made.has(1)
    assert not made.has(2)
    made.hurry(0.0, min_urgency=1)
    assert len(take_all(made, 0.0)) == 5
    assert not made.has()
    assert made.wake_at(DELAY) is None


def test_a_delivery_that_asked_nothing_costs_no_token() -> None:
    made = queue(RATE)
    for number in range(3 * BURST):
        put(made, f"k{number}", urgency=1)
    for _ in range(3 * BURST):
        taken = made.take(0.0)
        assert taken is not None
        made.refund()
        made.delivered(taken[0], 0.0)
    assert len(made) == 0


def test_a_failed_one_waits_while_others_go_and_nothing_shortens_its_wait() -> None:
    made = queue()
    put(made, "k1", urgency=1)
    assert made.take(0.0) is not None
    assert made.failures("k1") == 0
    made.failed("k1", 0.0, delay=10.0)
    put(made, "k2", 1.0, urgency=1)
    put(made, "k1", 1.0, urgency=2, item=2)
    assert take_all(made, 9.9) == ["k2"]
    assert made.take(10.0) == ("k1", (1, 2))
    assert made.failures("k1") == 1


def test_at_the_end_nothing_waits_for_its_delay() -> None:
    made = queue()
    put(made, "k1", urgency=1)
    put(made, "k2")
    assert made.take(0.0) is not None
    made.failed("k1", 0.0, delay=10.0)
    made.hurry(0.0)
    assert take_all(made, 0.0) == ["k1", "k2"]


def test_what_is_postponed_has_not_failed() -> None:
    made = queue()
    put(made, "k1", urgency=1)
    assert made.take(0.0) is not None
    made.postponed("k1", 0.0, delay=2.0)
    assert made.wake_at(0.0) == 2.0
    assert made.take(2.0) is not None
    assert made.failures("k1") == 0


def test_what_arrives_during_a_delivery_goes_after_it() -> None:
    made = queue()
    put(made, "k1", urgency=1)
    assert made.take(0.0) is not None
    put(made, "k1", 0.1, item=2)
    put(made, "k1", 0.2, item=3, urgency=1)
    assert made.take(0.2) is None
    made.delivered("k1", 0.3)
    assert made.take(0.3) == ("k1", (2, 3))


def test_what_arrives_during_a_delivery_that_fails_is_merged() -> None:
    made = queue()
    put(made, "k1")
    assert made.take(DELAY) is not None
    put(made, "k1", 1.1, item=2, urgency=1)
    made.failed("k1", 1.2, delay=5.0)
    assert made.urgency("k1") == 1
    assert made.take(6.2) == ("k1", (1, 2))


def test_what_is_forgotten_before_its_turn_is_not_taken() -> None:
    made = queue()
    put(made, "k1", urgency=1)
    put(made, "k2")
    made.forget("k1")
    made.forget("k2")
    assert made.wake_at(0.0) is None
    assert made.take(DELAY) is None


def test_no_more_are_in_flight_than_may_be() -> None:
    made = queue(max_in_flight=1)
    put(made, "k1", urgency=1)
    put(made, "k2", urgency=1)
    assert made.take(0.0) is not None
    assert made.take(0.0) is None
    assert made.wake_at(0.0) is None
    made.delivered("k1", 0.0)
    assert made.take(0.0) is not None


def test_only_what_can_go_sooner_than_before_wakes_the_sender() -> None:
    made = queue()
    assert made.put("k1", (1,), now=0.0, delay=DELAY) == DELAY
    assert made.put("k1", (2,), now=0.5, delay=DELAY) == inf
    assert made.put("k1", (3,), now=DELAY + 1, delay=DELAY) == inf
    assert made.put("k1", (4,), now=DELAY + 1, urgency=1) == DELAY
    assert made.put("k1", (5,), now=DELAY + 2, urgency=1) == inf
    assert made.take(DELAY + 2) == ("k1", (1, 2, 3, 4, 5))


def test_what_turned_urgent_wakes_nobody_a_second_time() -> None:
    made = queue()
    put(made, "k1")
    put(made, "k1", urgency=1)
    assert take_all(made, 0.0) == ["k1"]
    assert made.wake_at(0.0) is None


def test_what_is_forgotten_in_flight_does_not_come_back() -> None:
    made = queue()
    put(made, "k1", urgency=1)
    assert made.take(0.0) is not None
    made.forget("k1")
    assert not made.has()
    made.failed("k1", 0.0, delay=0.0)
    assert len(made) == 0


def test_a_full_queue_drops_what_has_waited_longest() -> None:
    made = queue(capacity=3)
    put(made, "k1", delay=0.0)
    assert made.take(0.0) is not None
    for number in range(2, 7):
        put(made, f"k{number}", delay=0.0)
    assert [key for key, _item in made.items()] == ["k1", "k4", "k5", "k6"]


class QueueLaws(RuleBasedStateMachine):
    """Any order of calls keeps the laws of the queue: each item is delivered once, in order, within the budget."""

    flights = Bundle("flights")

    def __init__(self) -> None:
        super().__init__()
        self.queue = queue(RATE, max_in_flight=MAX_IN_FLIGHT)
        self.now = 0.0
        self.number = 0
        self.flying: dict[str, tuple[int, ...]] = {}
        self.expected: dict[str, list[int]] = {}
        self.forgotten: set[str] = set()
        self.taken = 0

    @rule(seconds=st.floats(0.0, 5.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(key=KEYS, urgency=st.integers(0, 2), delay=st.floats(0.0, 3.0))
    def something_arrives(self, key: str, urgency: int, delay: float) -> None:
        before = self.queue.wake_at(self.now)
        self.number += 1
        at = self.queue.put(key, (self.number,), now=self.now, urgency=urgency, delay=delay)
        after = self.queue.wake_at(self.now)
        must_wake = before is None or at < before
        assert must_wake or after == before, "a sleeper would wake too late"
        self.expected.setdefault(key, []).append(self.number)

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        self.queue.forget(key)
        self.expected.pop(key, None)
        if key in self.flying:
            self.forgotten.add(key)

    @rule(target=flights)
    def take(self) -> str:
        taken = self.queue.take(self.now)
        if taken is None:
            return ""
        key, item = taken
        assert key not in self.flying, "two deliveries of one key"
        assert list(item) == self.expected[key]
        self.flying[key] = item
        self.taken += 1
        return key

    @rule(key=consumes(flights))
    def delivered(self, key: str) -> None:
        if (item := self.flying.pop(key, None)) is not None:
            self.queue.delivered(key, self.now)
            self._expect_no_more(key, item)

    @rule(key=consumes(flights), delay=st.floats(0.0, 30.0), is_failure=st.booleans())
    def failed(self, key: str, delay: float, *, is_failure: bool) -> None:
        if self.flying.pop(key, None) is None:
            return
        report = self.queue.failed if is_failure else self.queue.postponed
        report(key, self.now, delay=delay)
        self._unless_forgotten(key)

    def _expect_no_more(self, key: str, item: tuple[int, ...]) -> None:
        if key in self.expected:
            self.expected[key] = [number for number in self.expected[key] if number not in item]
            if not self.expected[key]:
                del self.expected[key]
        self.forgotten.discard(key)

    def _unless_forgotten(self, key: str) -> None:
        """What was forgotten in flight does not come back; what arrived after that is all that waits."""
        if key in self.forgotten and key in self.expected:
            assert dict(self.queue.items())[key] == tuple(self.expected[key])
        self.forgotten.discard(key)

    @precondition(lambda self: not self.flying)
    @rule()
    def all_that_waits_is_delivered_in_the_end(self) -> None:
        order = []
        while (at := self.queue.wake_at(self.now)) is not None:
            self.now = max(self.now, at)
            order += take_all(self.queue, self.now)
        assert sorted(order) == sorted(self.expected)
        self.expected.clear()
        self.taken += len(order)

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.flying) <= MAX_IN_FLIGHT
        assert len(self.queue) == len(self.expected.keys() | self.flying.keys())
        assert self.taken <= BURST + RATE * self.now + 1

    @invariant()
    def it_never_sleeps_while_something_waits(self) -> None:
        if self.expected.keys() - self.flying.keys() and len(self.flying) < MAX_IN_FLIGHT:
            assert self.queue.wake_at(self.now) is not None


TestQueueLaws = QueueLaws.TestCase
TestQueueLaws.settings = settings(deadline=None, max_examples=200, stateful_step_count=40)
