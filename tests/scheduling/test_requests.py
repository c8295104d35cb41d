"""A token of a manual run is run once, whatever was set in between, and is echoed as it was set."""

from typing import Any

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import digest_token
from scrape_operator.core.schedule.plan import ConcurrencyPolicy
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.scheduling.requests import Request, request_of
from tests.scheduling.harness import Harness, schedule

REQUESTS_REMEMBERED = 64

SUSPENDED: dict[str, Any] = {"suspend": True}


def request(harness: Harness, token: str, **spec: Any) -> None:
    harness.scheduler.applied(schedule(token=token, **{**SUSPENDED, **spec}))


def test_a_token_that_had_its_run_is_echoed_and_runs_nothing(harness: Harness) -> None:
    for token in ("A", "B", "A", "B", "A"):
        request(harness, token)
        harness.end()
        assert harness.state().last_handled_request == token
    assert harness.slots == ["manual:A", "manual:B"]
    assert harness.recorder.status_changes[-1] == "quotes"


def test_a_token_that_waits_for_its_turn_is_not_requested_twice(harness: Harness) -> None:
    queue = {"concurrency_policy": ConcurrencyPolicy.QUEUE}
    for token in ("A", "B", "A", "B"):
        request(harness, token, **queue)
    assert (harness.slots, harness.recorder.skips) == (["manual:A"], [])
    harness.end()
    harness.end()
    assert harness.slots == ["manual:A", "manual:B"]
    assert harness.state().last_handled_request == "B"


def test_a_token_is_known_after_a_restart_also_where_its_row_is_gone(harness: Harness) -> None:
    state = ScheduleState(last_handled_request="B", handled_requests=(digest_token("A"), digest_token("B")))
    harness.registry.add_states({"uid-quotes": state})
    request(harness, "A")
    assert harness.slots == []
    assert harness.state().last_handled_request == "A"


def test_a_token_that_the_status_echoes_is_known_where_the_database_is_new(harness: Harness) -> None:
    harness.scheduler.applied(schedule(token="A", status={"lastHandledRequest": "A"}, **SUSPENDED))
    for token in ("B", "A"):
        request(harness, token)
        harness.end()
    assert harness.slots == ["manual:B"]


def test_many_tokens_are_known(harness: Harness) -> None:
    state = ScheduleState()
    for number in range(REQUESTS_REMEMBERED + 1):
        state.echo_request(f"token-{number}")
    assert [state.is_handled(f"token-{number}") for number in (0, 1, REQUESTS_REMEMBERED)] == [False, True, True]


@pytest.mark.parametrize(
    "token", ["x" * 256, "a\nb", " a ", "é" * 256, "🛒" * 256, '"\\<&>', "a" * 128 + "b"], ids=lambda text: text[:6]
)
def test_a_token_is_kept_as_it_was_set(harness: Harness, token: str) -> None:
    request(harness, "a" * 128 + "a")
    harness.end()
    request(harness, token)
    harness.end()
    assert harness.slots[1:] == [f"manual:{token}"]
    assert harness.state().last_handled_request == token


@pytest.mark.parametrize("length", [257, 100_000])
def test_a_token_that_is_too_long_runs_nothing_and_is_reported_once(harness: Harness, length: int) -> None:
    told: list[tuple[str, str]] = []
    harness.scheduler.on_refused = lambda key, why: told.append((key.name, why))
    for _ in range(2):
        request(harness, "x" * length)
    assert (harness.slots, harness.state().last_handled_request) == ([], None)
    [(name, why)] = told
    assert name == "quotes"
    assert f"has {length} characters" in why
    assert "at most 256" in why
    request(harness, "short")
    assert harness.slots == ["manual:short"]
    request(harness, "x" * length)
    assert len(told) == 2


@pytest.mark.parametrize(
    "metadata", [{}, {"annotations": None}, {"annotations": {"scrape-operator.dev/requested-at": ""}}]
)
def test_an_object_without_a_token_requests_nothing(metadata: dict[str, object]) -> None:
    assert request_of(metadata) == Request()


def test_a_manual_run_that_is_skipped_is_echoed_and_shown_as_skipped(harness: Harness) -> None:
    request(harness, "A")
    request(harness, "B")
    state = harness.state()
    assert state.last_handled_request == "B"
    assert [(run.status, run.reason) for run in state.history] == [(RunStatus.SKIPPED, Reason.SKIPPED_OVERLAP)]
    harness.end()
    assert harness.slots == ["manual:A"]
