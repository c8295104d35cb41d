from datetime import timedelta

import pytest

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.net.host_queue import HostQueue

MAX_REQUESTERS = 1024
BRIEF_TURN_SECONDS = 2.0
TRIAL_INTERVAL_SECONDS = 300.0
QUICK_TURN_SECONDS = 1.0
SLOW_TURN_SECONDS = 5.0

QUICK = 0.1


def of(concurrent, milliseconds=0):
    return HostBudget(concurrent, timedelta(milliseconds=milliseconds))


def make_queue(concurrent, milliseconds=0) -> HostQueue[str]:
    return HostQueue(of(concurrent, milliseconds))


def prove(queue, *requesters, seconds=QUICK):
    """Let each have one turn of so many seconds, long ago."""
    for requester in requesters:
        assert queue.try_start(requester, -1000.0)
        queue.end(requester, -1000.0, -1000.0 + seconds)


def is_serial(queue):
    return queue.is_serial


def start_all(queue, now=0.0):
    started = []
    while (ticket := queue.start_next(now)) is not None:
        started.append(ticket)
    return started


def test_requesters_take_turns_and_each_keeps_its_order():
    queue = make_queue(1)
    assert queue.try_start("running", 0.0)
    for requester, ticket in [*(("a", f"a{n}") for n in range(4)), ("b", "b0"), ("b", "b1"), ("c", "c0")]:
        queue.join(requester, ticket)
    owner, order = "running", []
    for _ in range(7):
        queue.end(owner, 0.0, 0.0)
        order += start_all(queue)
        owner = order[-1][0]
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


def test_who_comes_back_stands_behind_those_who_wait():
    queue = make_queue(1)
    queue.join("a", "a0")
    queue.join("b", "b0")
    assert queue.start_next(0.0) == "a0"
    queue.join("a", "a1")
    queue.end("a", 0.0, 0.0)
    assert queue.start_next(0.0) == "b0"


def test_nobody_starts_past_those_who_wait():
    queue = make_queue(1)
    queue.join("a", "a0")
    assert not queue.try_start("b", 0.0)
    queue.withdraw("a", "a0")
    queue.withdraw("a", "a0")
    assert queue.try_start("b", 0.0)


def test_starts_keep_the_interval_of_the_budget_or_the_longer_of_the_pace():
    queue = make_queue(3, 500)
    prove(queue, "a")
    assert queue.try_start("a", 0.0)
    assert not queue.try_start("a", 0.4)
    assert queue.try_start("a", 0.5)
    queue.extra_interval = 2.0
    queue.join("b", "b0")
    assert queue.start_next(2.4) is None
    assert queue.next_start_at(2.4) == 2.5
    assert queue.start_next(2.5) == "b0"


def test_where_nobody_waits_there_is_no_next_start():
    queue = make_queue(3, 500)
    assert queue.try_start("a", 0.0)
    assert (queue.has_waiting, queue.next_start_at(0.1)) == (False, None)
    queue.join("b", "b0")
    assert (queue.has_waiting, queue.next_start_at(0.1)) == (True, 0.5)


def test_turns_are_shared_among_those_who_are_there():
    queue = make_queue(4)
    prove(queue, "many", "one", "other")
    assert [queue.try_start("many", 0.0) for _ in range(5)] == [True] * 4 + [False]
    for n in range(4):
        queue.join("many", f"many{n}")
    queue.join("one", "one0")
    queue.end("many", 0.0, 0.0)
    assert start_all(queue) == ["one0"]
    queue.end("one", 0.0, 0.0)
    queue.join("other", "other0")
    queue.join("one", "one1")
    queue.end("many", 0.0, 0.0)
    assert start_all(queue) == ["other0", "one1"]  # two each at the most while three are there


def test_who_is_not_known_to_be_quick_leaves_a_turn_free():
    queue = make_queue(4)
    prove(queue, "quick")
    assert [queue.try_start(name, 0.0) for name in "abcd"] == [True, True, True, False]
    assert queue.try_start("quick", 0.0)


def test_the_slow_get_half_of_the_turns():
    queue = make_queue(4)
    prove(queue, "quick", "q2", "q3")
    prove(queue, "a", "b", "c", seconds=SLOW_TURN_SECONDS + 1)
    assert [queue.try_start(name, 0.0) for name in "abc"] == [True, True, False]
    assert [queue.try_start(name, 0.0) for name in ("quick", "q2", "q3")] == [True, True, False]


def test_who_turns_slow_counts_as_slow_from_then_on():
    queue = make_queue(4)
    prove(queue, "a", "b")
    prove(queue, "c", seconds=SLOW_TURN_SECONDS + 1)
    assert queue.try_start("a", 0.0)
    assert queue.try_start("b", 0.0)
    assert queue.try_start("c", SLOW_TURN_SECONDS)
    queue.end("c", SLOW_TURN_SECONDS, SLOW_TURN_SECONDS * 2 + 1)
    assert not queue.try_start("c", SLOW_TURN_SECONDS * 2 + 1)


@pytest.mark.parametrize(
    ("seconds", "at_once"),
    [(QUICK_TURN_SECONDS, 4), (QUICK_TURN_SECONDS + 0.1, 3), (SLOW_TURN_SECONDS, 3), (SLOW_TURN_SECONDS + 0.1, 2)],
)
def test_the_last_answer_decides_how_many_turns_a_requester_gets(seconds, at_once):
    queue = make_queue(4)
    prove(queue, "a", seconds=seconds)
    assert sum(queue.try_start("a", 0.0) for _ in range(5)) == at_once


@pytest.mark.parametrize(("is_answered", "at_once"), [(True, 3), (False, 4)])
def test_who_is_known_to_be_quick_is_so_until_a_longer_answer(is_answered, at_once):
    queue = make_queue(4)
    prove(queue, "a")
    assert queue.try_start("a", -500.0)
    queue.end("a", -500.0, -497.0, is_answered=is_answered)
    assert sum(queue.try_start("a", 0.0) for _ in range(5)) == at_once


@pytest.mark.parametrize(("now", "starts"), [(105.0, True), (105.1, False)])
def test_a_turn_counts_as_slow_once_it_takes_more_than_5_seconds(now, starts):
    queue = make_queue(4)
    prove(queue, "slow", seconds=6.0)
    assert [queue.try_start(name, 100.0) for name in ("new", "newer")] == [True, True]
    assert queue.try_start("slow", now) is starts


def test_so_many_requesters_are_remembered():
    queue = make_queue(3)
    prove(queue, "first")
    prove(queue, *(str(number) for number in range(MAX_REQUESTERS)))
    assert [queue.try_start("first", 0.0) for _ in range(3)] == [True, True, False]
    assert queue.try_start(str(MAX_REQUESTERS - 1), 0.0)


def test_so_many_requesters_can_be_held():
    queue = make_queue(3)
    for number in range(1025):
        queue.hold(str(number), 100.0, 0.0)
    assert [queue.held_until(str(number)) > 0 for number in (0, 1023, 1024)] == [True, True, False]


@pytest.mark.parametrize(("seconds", "at_once"), [(QUICK_TURN_SECONDS, 3), (QUICK_TURN_SECONDS + 0.1, 2)])
def test_who_got_no_answer_for_a_while_is_slow_unless_known_to_be_quick(seconds, at_once):
    queue = make_queue(4)
    prove(queue, "quick")
    for requester in ("slow0", "slow1", "slow2", "slow3", "quick"):
        assert queue.try_start(requester, 0.0)
        queue.end(requester, 0.0, seconds, is_answered=False)
    assert sum(queue.try_start(f"slow{number}", 10.0) for number in range(4)) == at_once
    assert queue.try_start("quick", 10.0)


@pytest.mark.parametrize(("longest", "starts"), [(BRIEF_TURN_SECONDS, True), (BRIEF_TURN_SECONDS + 0.1, False)])
def test_a_brief_request_may_take_the_turn_that_is_left_free(longest, starts):
    at_once, waiting = make_queue(4), make_queue(4)
    for queue in (at_once, waiting):
        assert all(queue.try_start(name, 0.0) for name in "abc")
    assert at_once.try_start("new", 0.0, longest) is starts
    waiting.join("new", "ticket", longest)
    assert (waiting.start_next(0.0) == "ticket") is starts


@pytest.mark.parametrize(("later", "starts"), [(TRIAL_INTERVAL_SECONDS - 0.1, False), (TRIAL_INTERVAL_SECONDS, True)])
def test_a_requester_takes_the_turn_that_is_left_free_rarely(later, starts):
    queue = make_queue(4)
    assert all(queue.try_start(name, 0.0) for name in "abc")
    assert queue.try_start("new", 0.0, BRIEF_TURN_SECONDS)
    queue.end("new", 0.0, QUICK_TURN_SECONDS + 0.5)
    assert queue.try_start("new", later, BRIEF_TURN_SECONDS) is starts


def test_who_is_known_to_be_quick_goes_before_a_trial():
    queue = make_queue(4)
    prove(queue, "quick")
    assert all(queue.try_start(name, 0.0) for name in ("a", "b", "c", "quick"))
    queue.join("new", "trial", BRIEF_TURN_SECONDS)
    queue.join("quick", "known")
    queue.end("quick", 0.0, QUICK)
    assert start_all(queue, QUICK) == ["known"]
    queue.end("quick", QUICK, QUICK)
    assert start_all(queue, QUICK) == ["trial"]


def test_a_long_request_without_an_answer_is_slow():
    queue = make_queue(4)
    for number in range(4):
        assert queue.try_start(f"slow{number}", 0.0)
        queue.end(f"slow{number}", 0.0, SLOW_TURN_SECONDS + 1, is_answered=False)
    assert [queue.try_start(f"slow{number}", 10.0) for number in range(4)] == [True, True, False, False]


def test_only_who_was_told_to_wait_waits():
    queue = make_queue(4)
    queue.hold("told", 10.0, 0.0)
    queue.join("told", "t")
    assert queue.try_start("other", 1.0)
    assert queue.try_start("another", 1.0)
    assert queue.start_next(9.9) is None
    assert queue.next_start_at(9.9) == 10.0
    assert queue.held_until("told") == 10.0
    assert queue.start_next(10.0) == "t"


def test_where_two_were_told_the_others_go_one_at_a_time_until_one_is_answered():
    queue = make_queue(4)
    queue.hold("a", 10.0, 0.0)
    assert not is_serial(queue)
    queue.hold("b", 10.0, 1.0)
    assert is_serial(queue)
    assert queue.try_start("c", 2.0)
    assert not queue.try_start("d", 2.0)
    queue.answered(0.5)  # a request that started before
    assert is_serial(queue)
    queue.answered(2.0)
    assert not is_serial(queue)
    assert queue.try_start("d", 2.0)
    assert not queue.try_start("a", 2.0)


def test_one_at_a_time_does_not_wait_for_requests_that_were_open_before():
    queue = make_queue(4)
    prove(queue, "quick", "other")
    assert all(queue.try_start(f"slow{number}", 0.0) for number in range(3))
    queue.serialize(1.0)
    assert not queue.try_start("slow3", 1.0)
    assert queue.try_start("quick", 1.0)
    queue.end("slow0", 0.0, 2.0)
    assert not queue.try_start("other", 2.0)
    queue.answered(1.0)
    assert queue.try_start("other", 2.0)


def test_one_at_a_time_goes_on_while_more_requesters_are_told_to_wait():
    queue = make_queue(4)
    prove(queue, *"abcde")
    for requester in "ab":
        queue.hold(requester, 100.0, 0.0)
    assert queue.try_start("c", 1.0)
    queue.hold("d", 100.0, 2.0)  # its request had been open before
    queue.serialize(2.0)
    assert not queue.try_start("e", 3.0)
    queue.end("c", 1.0, 3.0)
    assert queue.try_start("e", 3.0)


@pytest.mark.parametrize("ends", [(20.0, 1.0), (1.0, 20.0)])
def test_of_two_pauses_of_a_requester_the_longer_one_counts(ends):
    queue = make_queue(4)
    for end in ends:
        queue.hold("a", end, 0.0)
    assert queue.held_until("a") == 20.0


def test_being_told_twice_is_not_being_two():
    queue = make_queue(4)
    queue.hold("a", 10.0, 0.0)
    queue.hold("a", 20.0, 5.0)
    assert not is_serial(queue)
    queue.hold("b", 40.0, 20.0)  # the first pause is over
    assert not is_serial(queue)


def test_who_is_told_while_one_at_a_time_goes_keeps_it_so():
    queue = make_queue(4)
    queue.serialize(0.0)
    queue.hold("a", 10.0, 5.0)
    queue.answered(1.0)
    assert is_serial(queue)


def test_a_turn_without_a_share_does_not_keep_a_pause_from_ending():
    queue = make_queue(2)
    prove(queue, "busy", "told")
    assert queue.try_start("busy", 0.0)
    queue.hold("told", 10.0, 0.0)
    queue.join("busy", "b")
    queue.join("told", "t")
    assert queue.start_next(1.0) is None
    assert queue.next_start_at(1.0) == 10.0
    assert queue.start_next(10.0) == "t"


def test_idle_is_who_remembers_nothing():
    queue = make_queue(2, 500)
    assert queue.is_idle(0.0)
    assert queue.try_start("a", 0.0)
    assert not queue.is_idle(0.0)
    queue.end("a", 0.0, 0.1)
    assert not queue.is_idle(0.4)
    assert queue.is_idle(0.5)
    queue.hold("a", 10.0, 1.0)
    assert not queue.is_idle(9.9)
    assert queue.is_idle(10.0)
    queue.join("a", "t")
    assert not queue.is_idle(10.0)
    queue.withdraw("a", "t")
    queue.serialize(11.0)
    assert not queue.is_idle(100.0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_in_flight_is_counted(count):
    queue = make_queue(3)
    prove(queue, "a")
    for _ in range(count):
        assert queue.try_start("a", 0.0)
    assert queue.in_flight == count
