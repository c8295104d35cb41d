"""Failures of a token endpoint: retried as those of the page are."""

from datetime import timedelta

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from tests.fetching.auth.token_server import answering, failure, fetch, session_at

THREE_TRIES = RetryPolicy(3, timedelta(seconds=1), timedelta(seconds=30))


class Delays:
    """Makes a session record its delays instead of waiting."""

    def __init__(self, session):
        self.seconds = []
        session._sleep, session._random = self.sleep, lambda: 0.5

    async def sleep(self, seconds):
        self.seconds.append(seconds)


def failing_once(issuer, status, **headers):
    async def answer(request):
        issuer.answer = None
        return await answering(status, **headers)(request)

    return answer


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
async def test_a_failure_that_may_pass_is_retried(client, issuer, status):
    issuer.answer = failing_once(issuer, status)
    session = session_at(client, issuer, retry=THREE_TRIES)
    delays = Delays(session)
    assert await fetch(session, issuer) == b"fine"
    assert (delays.seconds, len(issuer.asked)) == ([0.5], 2)


async def test_a_lasting_error_ends_with_the_last_attempt(client, issuer):
    issuer.answer = answering(502)
    session = session_at(client, issuer, retry=THREE_TRIES)
    delays = Delays(session)
    failed = await failure(session, issuer)
    assert (failed.reason, failed.http_status, len(issuer.asked)) == (Reason.HTTP_STATUS, 502, 3)
    assert delays.seconds == [0.5, 1.0]
    assert failed.message.startswith("token endpoint: 127.0.0.1")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "waited"), [(15, 15), (120, 30)])
async def test_its_retry_after_is_waited_for_up_to_the_longest_delay(client, issuer, status, asked, waited):
    issuer.answer = answering(status, **{"Retry-After": str(asked)})
    session = session_at(client, issuer, retry=THREE_TRIES, seconds=600.0)
    delays = Delays(session)
    failed = await failure(session, issuer)
    assert failed.reason is Reason.RATE_LIMITED
    assert delays.seconds[0] == waited


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_not_retried(client, issuer, status):
    issuer.answer = answering(status)
    session = session_at(client, issuer, retry=THREE_TRIES)
    delays = Delays(session)
    await failure(session, issuer)
    assert (delays.seconds, len(issuer.asked)) == ([], 1)
