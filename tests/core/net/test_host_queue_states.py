"""Requests of one host in any order of events: the queue against a plain record of them."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.net.host_queue import HostQueue


def of(concurrent, milliseconds=0):
    return HostBudget(concurrent, timedelta(milliseconds=milliseconds))


class Requests(RuleBasedStateMachine):
    """Requests in any order of events, checked against a plain record of them."""

    def __init__(self):
        super().__init__()
        self.budget = of(4, 500)
        self.queue: HostQueue[int] = HostQueue(self.budget)
        self.now = 0.0
        self.last_start = None
        self.tickets = 0
        self.flying: list[tuple[str, float]] = []
        self.waiting: dict[int, str] = {}
        self.held: dict[str, float] = {}

    def started(self, requester):
        assert len(self.flying) < self.budget.max_concurrent
        since = self.queue._serial_since
        assert since is None or all(begun < since for _, begun in self.flying)
        interval = self.budget.min_interval.total_seconds()
        assert self.last_start is None or self.now >= self.last_start + interval
        assert self.now >= self.held.get(requester, 0.0)
        self.flying.append((requester, self.now))
        self.last_start = self.now

    def drain(self):
        while (ticket := self.queue.start_next(self.now)) is not None:
            requester = self.waiting.pop(ticket)
            assert ticket < min((other for other, owner in self.waiting.items() if owner == requester), default=10**9)
            self.started(requester)

    @rule(requester=st.sampled_from("abcd"), count=st.integers(1, 6))
    def ask(self, requester, count):
        for _ in range(count):
            if self.queue.try_start(requester, self.now):
                self.started(requester)
                continue
            self.tickets += 1
            self.queue.join(requester, self.tickets)
            self.waiting[self.tickets] = requester
        self.drain()

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), answered=st.booleans())
    def end(self, data, answered):
        turn = data.draw(st.sampled_from(self.flying))
        self.end_turn(turn, answered=answered)

    def end_turn(self, turn, *, answered):
        self.flying.remove(turn)
        if answered:
            self.queue.answered(turn[1])
        self.queue.end(turn[0], turn[1], self.now)
        self.drain()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data):
        ticket = data.draw(st.sampled_from(sorted(self.waiting)))
        self.queue.withdraw(self.waiting.pop(ticket), ticket)
        self.drain()

    @rule(seconds=st.integers(0, 8000).map(lambda value: value / 1000))
    def pass_time(self, seconds):
        self.now += seconds
        self.drain()

    @rule(concurrent=st.integers(1, 5), milliseconds=st.integers(0, 4000))
    def set_budget(self, concurrent, milliseconds):
        self.queue.budget = self.budget = of(concurrent, milliseconds)
        self.drain()

    @rule(requester=st.sampled_from("abcd"), seconds=st.integers(0, 5))
    def hold(self, requester, seconds):
        self.queue.hold(requester, self.now + seconds, self.now)
        self.held[requester] = self.now + seconds

    @rule()
    def serialize(self):
        self.queue.serialize(self.now)

    @invariant()
    def the_books_agree(self):
        assert self.queue.in_flight == len(self.flying)
        assert sorted(self.queue.waiting()) == sorted(self.waiting)

    @invariant()
    def the_next_start_is_ahead(self):
        at = self.queue.next_start_at(self.now)
        assert at is None or at > self.now

    def teardown(self):
        """Let everything end: nobody is left waiting."""
        while self.flying or self.waiting:
            if self.flying:
                self.end_turn(self.flying[0], answered=True)
            else:
                at = self.queue.next_start_at(self.now)
                assert at is not None
                self.now = at
                self.drain()


TestRequests = Requests.TestCase
