"""OAuth2 client credentials against a token endpoint on this machine."""

import asyncio
import json
from base64 import b64encode
from itertools import count

import pytest
from aiohttp import web

from scrape_operator.core.net.access import OAuth2Auth
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.auth.token_server import answering, failure, fetch, session_at
from tests.support.waiting import eventually


async def test_a_client_identifies_itself_and_asks_for_its_scopes(client, issuer):
    assert await fetch(session_at(client, issuer, ("a", "b")), issuer) == b"fine"
    [(authorization, form)] = issuer.asked
    assert authorization == "Basic " + b64encode(b"id%3A1:hunter2-secret").decode()
    assert form == {"grant_type": ["client_credentials"], "scope": ["a b"]}


async def test_fifty_schedules_that_start_at_once_share_one_token_request(client, issuer):
    sessions = [session_at(client, issuer, key=f"schedule {number}") for number in range(50)]
    assert await asyncio.gather(*(fetch(session, issuer) for session in sessions)) == [b"fine"] * 50
    assert len(issuer.asked) == 1


async def test_other_scopes_are_another_token(client, issuer):
    for scopes in ((), ("a",), ()):
        await fetch(session_at(client, issuer, scopes), issuer)
    assert len(issuer.asked) == 2


async def test_a_token_is_renewed_before_it_ends_in_the_middle_of_a_run(client, issuer):
    issuer.lifetime = 0.2
    session = session_at(client, issuer)
    for _ in range(3):
        assert await fetch(session, issuer) == b"fine"
        await asyncio.sleep(0.19)
    assert len(issuer.issued) == 3
    assert issuer.seen == issuer.issued


async def test_a_revoked_token_is_renewed_once(client, issuer):
    session = session_at(client, issuer)
    await fetch(session, issuer)
    issuer.valid.clear()
    assert await fetch(session, issuer) == b"fine"
    assert issuer.seen == ["hunter2-token-0", "hunter2-token-0", "hunter2-token-1"]
    assert session.traffic.requests == 3


async def test_schedules_whose_token_was_revoked_share_its_renewal(client, issuer):
    sessions = [session_at(client, issuer, key=f"schedule {number}") for number in range(3)]
    await asyncio.gather(*(fetch(session, issuer) for session in sessions))
    issuer.valid.clear()
    await asyncio.gather(*(fetch(session, issuer) for session in sessions))
    assert len(issuer.asked) == 2


async def test_a_page_that_refuses_every_token_is_auth_failed_after_one_renewal(client, issuer):
    async def useless(request):
        return web.json_response({"access_token": "nothing", "token_type": "bearer"})

    issuer.answer = useless
    failed = await failure(session_at(client, issuer), issuer)
    assert (failed.reason, failed.http_status, len(issuer.asked)) == (Reason.AUTH_FAILED, 401, 2)


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (answering(401, b'{"error": "invalid_client"}'), Reason.AUTH_FAILED, "401 (invalid_client)"),
        (answering(400, b'{"error": "hunter2"}'), Reason.AUTH_FAILED, "answered 400: check the client"),
        (answering(400, b'{"error": {"code": 1}}'), Reason.AUTH_FAILED, "answered 400: check the client"),
        (answering(400, b'{"error": ["invalid_client"]}'), Reason.AUTH_FAILED, "answered 400: check the client"),
        (answering(200, b"{}"), Reason.AUTH_FAILED, "without a bearer access_token"),
        (answering(200, b"[1]"), Reason.AUTH_FAILED, "without a bearer access_token"),
        (answering(200, b"[" * 60_000), Reason.AUTH_FAILED, "without a bearer access_token"),
        (answering(200, b'{"access_token": "a", "token_type": "mac"}'), Reason.AUTH_FAILED, "without a bearer"),
        (answering(200, b'{"access_token": "a\\nb"}'), Reason.AUTH_FAILED, "no header can hold"),
        (answering(200, b'{"access_token": "a\\u0001"}'), Reason.AUTH_FAILED, "no header can hold"),
        (answering(200, '{"access_token": "\u00e9"}'.encode()), Reason.AUTH_FAILED, "no header can hold"),
        (answering(200, b'{"access_token": "' + b"x" * 8186 + b'"}'), Reason.AUTH_FAILED, "no header can hold"),
        (answering(200, b"x" * 100_000), Reason.TOO_LARGE, "token endpoint"),
        (answering(302, Location="http://169.254.169.254/"), Reason.REDIRECT_ERROR, "token endpoint"),
        (answering(302, Location="/token"), Reason.REDIRECT_ERROR, "token endpoint"),
    ],
    ids=count(),
)
async def test_an_endpoint_that_gives_no_token_fails_the_target(client, issuer, answer, reason, words):
    issuer.answer = answer
    failed = await failure(session_at(client, issuer), issuer)
    assert (failed.reason, issuer.seen, len(issuer.asked)) == (reason, [], 1)
    assert words in failed.message


@pytest.mark.parametrize(
    ("expires_in", "requests"),
    [("1" + "0" * 400, 1), ("1e400", 1), ("NaN", 1), ("-Infinity", 2), ("-5", 2), ('"3600"', 1), ("[]", 1)],
)
async def test_an_odd_lifetime_is_a_short_one_or_the_default(client, issuer, expires_in, requests):
    issuer.valid.add("a")
    issuer.answer = answering(200, b'{"access_token": "a", "expires_in": %s}' % expires_in.encode())
    session = session_at(client, issuer)
    for _ in range(2):
        assert await fetch(session, issuer) == b"fine"
    assert len(issuer.asked) == requests


async def test_an_endpoint_that_is_down_or_inward_fails_the_target(client, issuer):
    for url, reason in (
        ("http://127.0.0.1:1/token", Reason.CONNECT_ERROR),
        ("http://10.0.0.1/", Reason.BLOCKED_ADDRESS),
    ):
        failed = await failure(client.session(auth=OAuth2Auth(url, "oauth")), issuer)
        assert (failed.reason, failed.message.partition(":")[0]) == (reason, "token endpoint")


async def test_a_slow_endpoint_ends_with_the_run_and_its_token_serves_the_next(client, issuer):
    released = asyncio.Event()

    async def slow(request):
        issuer.answer = None
        await released.wait()
        return await issuer.token(request)

    issuer.answer = slow
    failed = await failure(session_at(client, issuer, seconds=0.2), issuer)
    assert failed.reason is Reason.TIMEOUT
    released.set()
    assert await fetch(session_at(client, issuer), issuer) == b"fine"
    assert len(issuer.issued) == 1


async def test_the_end_of_the_run_that_asked_first_leaves_the_others_their_token(client, issuer):
    released = asyncio.Event()

    async def slow(request):
        issuer.answer = None
        await released.wait()
        return await issuer.token(request)

    issuer.answer = slow
    first, second = (asyncio.ensure_future(fetch(session_at(client, issuer, key=key), issuer)) for key in "ab")
    await eventually(lambda: issuer.asked)
    first.cancel()
    released.set()
    assert await second == b"fine"
    assert len(issuer.issued) == 1


async def test_the_token_endpoint_is_under_the_policy(client, issuer):
    policy = FetchPolicy(obey_robots=False, deny_hosts=frozenset({"127.0.0.1"}))
    session = client.session(auth=OAuth2Auth(f"{issuer.url}/token", "oauth"), policy=policy)
    failed = await failure(session, issuer)
    assert (failed.reason, issuer.asked) == (Reason.POLICY_DENIED, [])


async def test_a_token_url_that_is_none_is_named(client, issuer):
    failed = await failure(client.session(auth=OAuth2Auth("http://0x7f.1/", "oauth")), issuer)
    assert failed.reason is Reason.INVALID_SPEC
    assert failed.message.startswith("auth.oauth2.tokenURL: ")


async def test_a_token_that_is_echoed_is_masked(client, issuer):
    session = session_at(client, issuer)
    issuer.answer = answering(200, json.dumps({"access_token": "fine-token"}).encode())
    issuer.valid.add("fine-token")
    await fetch(session, issuer)
    assert session._environment.identity.secrets.mask.text("Bearer fine-token") == "Bearer **********"
