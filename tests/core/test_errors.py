"""Errors: what they say of what happened."""

import pytest

from scrape_operator.core.errors import ClusterError, ScrapeFailed
from scrape_operator.core.runs.reasons import Reason


def fail() -> None:
    try:
        int("no number")
    except ValueError as error:
        raise ScrapeFailed(Reason.CONNECT_ERROR, "no answer", http_status=502) from error


def test_a_failure_that_is_kept_holds_no_frames_and_no_other_errors() -> None:
    with pytest.raises(ScrapeFailed) as raised:
        fail()
    failure = raised.value
    held = (failure.__traceback__, failure.__cause__, failure.__context__)
    assert None not in held
    assert failure.detached() is failure
    assert [failure.__traceback__, failure.__cause__, failure.__context__] == [None] * 3
    assert (str(failure), failure.http_status) == ("ConnectError: no answer", 502)


def test_only_a_failure_that_is_marked_is_transient() -> None:
    assert not ScrapeFailed(Reason.DECODE_ERROR, "no JSON").is_transient
    assert ScrapeFailed(Reason.DECODE_ERROR, "an empty body", is_transient=True).is_transient


def test_an_error_without_an_answer_of_the_api_server_has_no_status() -> None:
    away, refused = ClusterError("no route to host"), ClusterError("slow down", status=429, retry_after=2.0)
    assert (away.status, away.retry_after) == (0, None)
    assert (refused.status, refused.retry_after, str(refused)) == (429, 2.0, "slow down")
