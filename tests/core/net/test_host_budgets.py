from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.net.host_budgets import HostBudget, HostQueue, HostRules, budget_of

budgets = st.builds(
    HostBudget, st.integers(1, 5), st.integers(0, 4000).map(lambda value: timedelta(milliseconds=value))
)
instants = st.integers(0, 5000).map(lambda value: value / 1000)


def of(concurrent, milliseconds=0):
    return HostBudget(concurrent, timedelta(milliseconds=milliseconds))


RULES = HostRules(
    {
        "*": of(1),
        "*.org": of(2),
        "*.Example.org": of(3),
        "www.example.org": of(4),
        "www.example.org:8443": of(5),
        "[2001:db8::1]": of(6),
        "127.0.0.1": of(7),
    }
)


@pytest.mark.parametrize(
    ("authority", "concurrent"),
    [
        ("www.example.org:8443", 5),
        ("www.example.org:9000", 4),
        ("www.example.org", 4),
        ("a.b.example.org", 3),
        ("shop.example.org:81", 3),
        ("example.org", 2),
        ("badexample.org", 2),
        ("example.com", 1),
        ("org", 1),
        ("[2001:db8::1]", 6),
        ("[2001:db8::1]:8080", 6),
        ("[2001:db8::2]:8080", 1),
        ("127.0.0.1:80", 7),
    ],
)
def test_the_most_specific_match_counts(authority, concurrent):
    assert RULES.budget_for(authority) == of(concurrent)


def test_rules_without_a_match_say_nothing():
    assert HostRules({"*.example.org": of(1)}).budget_for("example.com") is None


def test_of_several_layers_the_tightest_counts_value_by_value():
    layers = [HostRules({"*": of(9, 10)}), HostRules({}), HostRules({"a.example": of(2), "*": of(1, 999)})]
    assert budget_of("a.example", layers, of(32)) == of(2, 10)
    assert budget_of("b.example", layers, of(32)) == of(1, 999)


def test_the_default_counts_where_no_layer_says_anything():
    assert budget_of("a.example", [HostRules({"b.example": of(1)})], of(32)) == of(32)


@given(budgets, budgets, budgets)
def test_tightening_keeps_within_all_in_any_order(one, two, three):
    both = one.tightened(two)
    assert both == two.tightened(one)
    assert both.tightened(three) == one.tightened(two.tightened(three))
    assert both.max_concurrent <= one.max_concurrent
    assert both.min_interval >= one.min_interval
    assert one.tightened(one) == one


@pytest.mark.parametrize(("concurrent", "milliseconds"), [(0, 0), (-1, 0), (1, -1)])
def test_a_budget_that_nothing_fits_in_is_refused(concurrent, milliseconds):
    with pytest.raises(InvalidValue, match="maxConcurrent"):
        of(concurrent, milliseconds)


def queue_of(*tickets):
    queue: HostQueue[str] = HostQueue(of(1))
    assert queue.try_start("running", 0.0)
    for requester, ticket in tickets:
        queue.join(requester, ticket)
    return queue


def order_of(queue):
    started = []
    while queue.head() is not None:
        queue.end()
        started.append(queue.start_next(queue.start_at(0.0)))
    return started


def test_requesters_take_turns_and_each_keeps_its_order():
    tickets = [("a", f"a{n}") for n in range(4)] + [("b", "b0"), ("b", "b1"), ("c", "c0")]
    assert order_of(queue_of(*tickets)) == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


def test_who_comes_back_stands_behind_those_who_wait():
    queue = queue_of(("a", "a0"), ("b", "b0"))
    queue.end()
    assert queue.start_next(0.0) == "a0"
    queue.join("a", "a1")
    assert order_of(queue) == ["b0", "a1"]


def test_nobody_starts_past_those_who_wait():
    queue = queue_of(("a", "a0"))
    queue.end()
    assert not queue.try_start("b", 0.0)


def test_a_pause_holds_everybody_but_those_who_were_told_themselves():
    queue: HostQueue[str] = HostQueue(of(4))
    queue.hold("told", 10.0, 0.0)
    assert not queue.try_start("other", 9.9)
    assert queue.try_start("told", 1.0)
    assert not queue.try_start("told", 1.0)  # one at a time
    queue.join("other", "o")
    queue.end()
    assert queue.start_at(1.0) == 10.0
    assert queue.try_start("told", 2.0)


def test_after_a_pause_one_at_a_time_starts_until_the_host_answers():
    queue: HostQueue[str] = HostQueue(of(4))
    queue.hold("a", 10.0, 0.0)
    assert queue.try_start("b", 10.0)
    assert not queue.try_start("c", 10.0)
    assert queue.answered()
    assert queue.try_start("c", 10.0)
    assert not queue.answered()


def test_one_at_a_time_may_begin_later():
    queue: HostQueue[str] = HostQueue(of(4))
    queue.probe(10.0)
    assert [queue.try_start("a", now) for now in (9.0, 9.0, 10.0)] == [True, True, False]
    queue.end()
    assert not queue.try_start("a", 10.0)
    queue.end()
    assert [queue.try_start("a", now) for now in (10.0, 10.0)] == [True, False]


def test_an_answer_ends_a_pause():
    queue: HostQueue[str] = HostQueue(of(1))
    queue.hold("a", 10.0, 0.0)
    queue.answered()
    assert queue.try_start("b", 1.0)


def test_those_who_were_told_in_an_earlier_pause_are_held_in_the_next():
    queue: HostQueue[str] = HostQueue(of(1))
    queue.hold("a", 10.0, 0.0)
    queue.hold("b", 20.0, 11.0)
    assert not queue.try_start("a", 12.0)
    assert queue.try_start("b", 12.0)


def test_a_shorter_pause_does_not_shorten_a_longer_one():
    queue: HostQueue[str] = HostQueue(of(1))
    queue.hold("a", 10.0, 0.0)
    queue.hold("b", 5.0, 1.0)
    assert queue.held_until == 10.0


class Asking(RuleBasedStateMachine):
    """A host that is asked in any order of events; each rule of the queue is checked against a plain record of them."""

    def __init__(self):
        super().__init__()
        self.budget = of(2, 500)
        self.queue: HostQueue[int] = HostQueue(self.budget)
        self.now = 0.0
        self.last_start = None
        self.tickets = 0
        self.flying = 0
        self.waiting = {}  # ticket: requester, in order of coming
        self.served_since = {}  # requester: how often each other was served since its own turn began to be waited for

    def started(self, requester):
        limit = 1 if self.probing else self.budget.max_concurrent
        assert self.flying < limit
        interval = self.budget.min_interval.total_seconds()
        assert self.last_start is None or self.now >= self.last_start + interval
        self.flying += 1
        self.last_start = self.now
        if self.now < self.queue.held_until:  # a retry of one who was told to wait, while all others are held
            return
        self.served_since.pop(requester, None)
        for others in self.served_since.values():
            others[requester] = others.get(requester, 0) + 1
        if requester in self.waiting.values():
            self.served_since[requester] = {}

    @property
    def probing(self):
        return self.now >= self.queue._serial_from

    def drain(self):
        while (at := self.queue.start_at(self.now)) is not None and at <= self.now:
            ticket = self.queue.start_next(self.now)
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
            self.served_since.setdefault(requester, {})
        self.drain()

    @precondition(lambda self: self.flying)
    @rule()
    def end(self):
        self.flying -= 1
        self.queue.end()
        self.drain()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data):
        ticket = data.draw(st.sampled_from(sorted(self.waiting)))
        requester = self.waiting.pop(ticket)
        self.queue.withdraw(requester, ticket)
        self.queue.withdraw(requester, ticket)  # once more does no harm
        if requester not in self.waiting.values():
            self.served_since.pop(requester, None)
        self.drain()

    @rule(seconds=instants)
    def pass_time(self, seconds):
        self.now += seconds
        self.drain()

    @rule(budget=budgets)
    def set_budget(self, budget):
        self.queue.budget = self.budget = budget
        self.drain()

    @rule(requester=st.sampled_from("abcd"), seconds=instants)
    def hold(self, requester, seconds):
        self.queue.hold(requester, self.now + seconds, self.now)

    @rule(seconds=instants)
    def probe(self, seconds):
        self.queue.probe(self.now + seconds)

    @rule()
    def answer(self):
        self.queue.answered()
        self.drain()

    @invariant()
    def the_books_agree(self):
        assert self.queue.in_flight == self.flying
        assert sorted(self.queue.waiting()) == sorted(self.waiting)

    @invariant()
    def nobody_is_served_twice_while_another_waits(self):
        assert all(count <= 1 for others in self.served_since.values() for count in others.values())

    @invariant()
    def who_may_start_does_not_wait(self):
        at = self.queue.start_at(self.now)
        assert at is None or at > self.now

    def teardown(self):
        """Let everything end: nobody is left waiting."""
        while self.flying or self.waiting:
            if self.flying:
                self.end()
            at = self.queue.start_at(self.now)
            if at is not None:
                self.now = max(self.now, at)
                self.drain()
        self.now = max(self.now + 10.0, self.queue.held_until)
        assert self.queue.is_idle(self.now)


TestAsking = Asking.TestCase
