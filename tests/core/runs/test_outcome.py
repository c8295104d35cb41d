"""The verdict on a run, from those on its targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.outcome import verdict
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import MESSAGE_MAX_BYTES, RunStatus, TargetResult

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
    assert verdict(results, minimum)[:2] == (status, reason)


@given(targets, st.integers(1, 6))
def test_a_verdict_is_final_and_explained(results: list[TargetResult], minimum: int) -> None:
    status, reason, message = verdict(results, minimum)
    good = sum(result.status.is_good for result in results)
    assert status is not RunStatus.RUNNING
    assert (status is RunStatus.SUCCEEDED) == all(result.status is RunStatus.SUCCEEDED for result in results)
    assert (status is RunStatus.FAILED) == (status is not RunStatus.SUCCEEDED and good < minimum)
    assert (message == "") == (status is RunStatus.SUCCEEDED)
    if message:
        assert any(
            f"target {result.target}: {result.message}" == message and result.reason is reason for result in results
        )


def test_a_message_is_bounded_and_has_no_control_characters() -> None:
    loud = TargetResult("loud", RunStatus.FAILED, Reason.HTTP_STATUS, "é\n\x1b[31m" * 400)
    message = verdict([loud])[2]
    assert len(message.encode()) <= MESSAGE_MAX_BYTES
    assert message.isprintable()
