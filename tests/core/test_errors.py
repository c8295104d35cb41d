"""Errors: what they say of what happened."""

from scrape_operator.core.errors import ClusterError


def test_an_error_without_an_answer_of_the_api_server_has_no_status() -> None:
    away, refused = ClusterError("no route to host"), ClusterError("slow down", status=429, retry_after=2.0)
    assert (away.status, away.retry_after) == (0, None)
    assert (refused.status, refused.retry_after, str(refused)) == (429, 2.0, "slow down")
