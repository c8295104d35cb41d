from scrape_operator.core.net.deadline import Deadline
from tests.support.clock import ManualClock


def test_a_deadline_counts_down_to_zero():
    clock = ManualClock()
    clock.advance(100)
    deadline = Deadline.after(10, clock.monotonic)
    assert deadline.remaining() == 10
    clock.advance(4)
    assert deadline.remaining() == 6
    clock.advance(7)
    assert deadline.remaining() == 0


def test_a_wait_is_allowed_where_it_ends_before_the_deadline():
    deadline = Deadline.after(10, ManualClock().monotonic)
    assert deadline.allows(9.9)
    assert not deadline.allows(10)
