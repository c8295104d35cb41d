"""When a message is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.notifications.delivery import (
    AttemptEnd,
    Failure,
    Message,
    Place,
    is_lasting,
    next_attempt,
    seconds_until,
)
from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.reasons import Reason

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DOWN = Failure(Reason.CONNECT_ERROR, "the receiver refused the connection")


def message(attempts: int = 0, first: datetime | None = None) -> Message:
    run = UUID(int=1)
    return Message(1, "msg_1", "uid", "ops", NotifyEvent.RUN_FAILED, run, "{}", attempts, NOON, first)


@given(st.integers())
def test_a_receiver_that_is_down_is_tried_for_a_day_with_growing_pauses(seed: int) -> None:
    random, now, attempts, pauses = Random(seed), NOON, 0, []
    while True:
        at = next_attempt(message(attempts, NOON if attempts else None), DOWN, now, random.random)
        if at is None:
            break
        pauses.append((at - now).total_seconds())
        now, attempts = at, attempts + 1
    assert timedelta(hours=23) < now - NOON <= timedelta(days=1)
    assert 20 <= attempts <= 150
    assert all(pause <= min(2.0 * 2**number, 3600.0) for number, pause in enumerate(pauses))


def test_a_message_is_tried_for_the_last_time_a_day_after_the_first_attempt() -> None:
    day_ago = NOON - timedelta(days=1)
    assert next_attempt(message(0, day_ago + timedelta(seconds=2)), DOWN, NOON, lambda: 1.0) == NOON + timedelta(
        seconds=2
    )
    assert next_attempt(message(0, day_ago + timedelta(seconds=1)), DOWN, NOON, lambda: 1.0) is None


def test_an_attempt_is_one_of_a_webhook_of_a_schedule() -> None:
    assert AttemptEnd(message(), NOON, 1).place == Place("uid", "ops")


def test_a_short_outage_costs_seconds() -> None:
    waits = [next_attempt(message(attempts, NOON), DOWN, NOON, lambda: 1.0) for attempts in range(4)]
    assert [(at - NOON).total_seconds() for at in waits if at] == [2.0, 4.0, 8.0, 16.0]


def test_a_receiver_that_is_gone_is_never_asked_again() -> None:
    gone = Failure(Reason.HTTP_STATUS, "status 410", 410)
    assert next_attempt(message(), gone, NOON, lambda: 0.0) is None


def test_retry_after_is_kept_up_to_an_hour() -> None:
    def wait(seconds: float) -> float:
        limited = Failure(Reason.RATE_LIMITED, "status 429", 429, seconds)
        at = next_attempt(message(), limited, NOON, lambda: 0.5)
        assert at is not None
        return (at - NOON).total_seconds()

    assert (wait(120), wait(1e9)) == (121.0, 3601.0)


def test_the_status_shows_a_failure_that_lasts_and_a_missing_secret_at_once() -> None:
    assert [is_lasting(DOWN, attempts) for attempts in (1, 2, 3)] == [False, False, True]
    assert is_lasting(Failure(Reason.SECRET_NOT_FOUND, "Secret shop/hook does not exist"), 1)


def test_a_wall_clock_that_is_set_back_holds_no_message_back() -> None:
    waits = {timedelta(seconds=-5): 0.0, timedelta(seconds=30): 30.0, timedelta(hours=2): 7200.0}
    waits[timedelta(hours=2, microseconds=1)] = 0.0
    assert {ahead: seconds_until(NOON + ahead, NOON) for ahead in waits} == waits
