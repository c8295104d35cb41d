"""The outcome of a target from what it read, and that of a run from its targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.expectations import Breach
from scrape_operator.core.runs.outcome import FINE as FINE_OUTCOME
from scrape_operator.core.runs.outcome import Outcome, evaluate_run, evaluate_target
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult

MESSAGE_MAX_BYTES = 511

FINE = TargetResult("fine", RunStatus.SUCCEEDED, Reason.SUCCEEDED)
UNCHANGED = TargetResult("unchanged", RunStatus.SUCCEEDED, Reason.NOT_MODIFIED)
PARTIAL = TargetResult("partial", RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED, "3 items, 10 expected")
BROKEN = TargetResult("broken", RunStatus.FAILED, Reason.TIMEOUT, "no answer within 30s")
REFUSED = TargetResult("refused", RunStatus.FAILED, Reason.CONNECT_ERROR, "connection refused")

targets = st.lists(st.sampled_from([FINE, UNCHANGED, PARTIAL, BROKEN, REFUSED]), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("results", "minimum", "status", "reason"),
    [
        ([FINE], 1, RunStatus.SUCCEEDED, Reason.SUCCEEDED),
        ([FINE, UNCHANGED], 1, RunStatus.SUCCEEDED, Reason.SUCCEEDED),
        ([UNCHANGED, UNCHANGED], 1, RunStatus.SUCCEEDED, Reason.NOT_MODIFIED),
        ([FINE, BROKEN], 1, RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT),
        ([FINE, BROKEN], 2, RunStatus.FAILED, Reason.TIMEOUT),
        ([FINE, PARTIAL], 2, RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED),
        ([PARTIAL], 1, RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED),
        ([BROKEN, REFUSED], 1, RunStatus.FAILED, Reason.TIMEOUT),
        ([REFUSED, BROKEN], 1, RunStatus.FAILED, Reason.CONNECT_ERROR),
        ([PARTIAL, BROKEN], 2, RunStatus.FAILED, Reason.TIMEOUT),
        ([], 1, RunStatus.SUCCEEDED, Reason.SUCCEEDED),
    ],
    ids=lambda value: "-".join(target.target for target in value) or "none" if isinstance(value, list) else str(value),
)
def test_targets_make_a_run(results: list[TargetResult], minimum: int, status: RunStatus, reason: Reason) -> None:
    assert evaluate_run(results, minimum)[:2] == (status, reason)


@given(targets, st.integers(1, 6))
def test_an_outcome_is_final_and_explained(results: list[TargetResult], minimum: int) -> None:
    status, reason, message = evaluate_run(results, minimum)
    good = sum(result.status.is_good for result in results)
    assert status is not RunStatus.RUNNING
    assert (status is RunStatus.SUCCEEDED) == all(result.status is RunStatus.SUCCEEDED for result in results)
    assert (status is RunStatus.FAILED) == (status is not RunStatus.SUCCEEDED and good < minimum)
    assert (message == "") == (status is RunStatus.SUCCEEDED)
    if message:
        assert any(
            f"target {result.target}: {result.message}" == message and result.reason is reason for result in results
        )


def test_one_good_target_is_enough_unless_more_are_asked_for() -> None:
    assert evaluate_run([FINE, BROKEN]).status is RunStatus.PARTIALLY_SUCCEEDED


def test_a_message_is_bounded_and_has_no_control_characters() -> None:
    loud = TargetResult("loud", RunStatus.FAILED, Reason.HTTP_STATUS, "é\n\x1b[31m" * 400)
    message = evaluate_run([loud])[2]
    assert len(message.encode()) <= MESSAGE_MAX_BYTES
    assert message.isprintable()


FAILURE = ScrapeFailed(Reason.HTTP_STATUS, "answered 500")
MILD = Breach(Reason.EXPECTATION_FAILED, "3 items", is_fatal=False)
FATAL = Breach(Reason.SELECTOR_MISSED, "no items", is_fatal=True)


@pytest.mark.parametrize(
    ("breach", "failure", "has_items", "expected"),
    [
        (None, None, True, FINE_OUTCOME),
        (None, None, False, FINE_OUTCOME),
        (MILD, None, True, Outcome(RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED, "3 items")),
        (FATAL, None, False, Outcome(RunStatus.FAILED, Reason.SELECTOR_MISSED, "no items")),
        (None, FAILURE, True, Outcome(RunStatus.PARTIALLY_SUCCEEDED, Reason.HTTP_STATUS, "answered 500")),
        (MILD, FAILURE, True, Outcome(RunStatus.PARTIALLY_SUCCEEDED, Reason.HTTP_STATUS, "answered 500")),
        (FATAL, FAILURE, True, Outcome(RunStatus.FAILED, Reason.HTTP_STATUS, "answered 500")),
        (None, FAILURE, False, Outcome(RunStatus.FAILED, Reason.HTTP_STATUS, "answered 500")),
        (FATAL, FAILURE, False, Outcome(RunStatus.FAILED, Reason.HTTP_STATUS, "answered 500")),
    ],
)
def test_a_failure_is_the_reason_and_a_breach_its_consequence(
    breach: Breach | None, failure: ScrapeFailed | None, has_items: bool, expected: Outcome
) -> None:
    assert evaluate_target(breach, failure, has_items=has_items) == expected


@pytest.mark.parametrize("is_failure", [True, False])
def test_a_targets_message_is_bounded(is_failure: bool) -> None:
    failure = ScrapeFailed(Reason.HTTP_STATUS, "x" * 1000) if is_failure else None
    breach = Breach(Reason.SELECTOR_MISSED, "x" * 1000, is_fatal=True)
    assert len(evaluate_target(breach, failure, has_items=True).message.encode()) <= MESSAGE_MAX_BYTES
