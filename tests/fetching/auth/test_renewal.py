"""Renewal of OAuth2 tokens that were refused: only those, and not again and again."""

import asyncio
import json

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.auth.oauth2 import DISCARD_INTERVAL_SECONDS, Client, TokenCache
from tests.fetching.auth.token_server import failure, fetch, session_at
from tests.fetching.servers import answering, ok, serving
from tests.support.clock import ManualClock


class OneByOne:
    """Answers requests for pages in the order in which a test says so."""

    def __init__(self, issuer):
        self._issuer = issuer
        self._turns = [asyncio.Event() for _ in range(4)]
        self._page = issuer.page
        issuer.page_answer = self._answer
        self._count = 0

    async def _answer(self, request):
        number = self._count
        self._count += 1
        if number < len(self._turns):
            await self._turns[number].wait()
        return await self._page(request)

    async def release_all(self):
        for turn in self._turns:
            turn.set()
            await asyncio.sleep(0.02)


async def test_parallel_refusals_do_not_discard_each_others_new_tokens(client, issuer):
    session = session_at(client, issuer)
    await fetch(session, issuer)
    issuer.valid.clear()
    issuer.is_exclusive = True
    pages = OneByOne(issuer)
    fetches = [asyncio.ensure_future(fetch(session, issuer)) for _ in range(4)]
    await asyncio.sleep(0.02)
    await pages.release_all()
    assert await asyncio.gather(*fetches) == [b"fine"] * 4
    assert len(issuer.issued) == 2


async def test_pages_that_refuse_every_token_cost_one_renewal(client, issuer):
    session = session_at(client, issuer)
    async with serving(answering(ok(status="401 No"), close=False)) as site:
        for number in range(50):
            with pytest.raises(ScrapeFailed) as raised:
                await session.fetch(Request(f"{site.url}/{number}"))
            assert raised.value.reason is Reason.AUTH_FAILED
    assert (len(issuer.asked), len(site.heads)) == (2, 51)


async def test_schedules_whose_page_refuses_every_token_share_one_renewal(client, issuer):
    issuer.issues_valid_tokens = False
    for number in range(5):
        await failure(session_at(client, issuer, key=f"schedule {number}"), issuer)
    assert len(issuer.asked) == 2


async def test_a_refusal_by_another_origin_renews_nothing(client, issuer):
    session = session_at(client, issuer)
    await fetch(session, issuer)
    async with serving(answering(ok(status="401 No"))) as other:
        with pytest.raises(ScrapeFailed):
            await session.fetch(Request(other.url))
    assert await fetch(session, issuer) == b"fine"
    assert (len(other.heads), len(issuer.asked)) == (1, 1)


class ManualTokens:
    """A cache on a clock that a test moves, and an endpoint that issues numbered tokens."""

    def __init__(self):
        self.clock = ManualClock()
        self.cache = TokenCache(self._fetch, self.clock.monotonic)
        self.client = Client("http://id.example/token", "me", "secret")
        self._count = 0

    async def _fetch(self, request, route, spending):
        self._count += 1
        body = {"access_token": f"token-{self._count}", "token_type": "bearer", "expires_in": 3600}
        return Response(request.url, 200, {}, json.dumps(body).encode())

    async def token(self):
        return await self.cache.token(self.client, Deadline.after(60, self.clock.monotonic))

    def discard(self, token):
        return self.cache.discard(self.client, token)


async def test_a_token_is_discarded_again_after_a_while():
    tokens = ManualTokens()
    assert tokens.discard(await tokens.token())
    assert not tokens.discard(await tokens.token())
    tokens.clock.advance(DISCARD_INTERVAL_SECONDS - 0.1)
    assert not tokens.discard(await tokens.token())
    tokens.clock.advance(0.1)
    assert tokens.discard(await tokens.token())
    assert await tokens.token() == "token-3"


async def test_an_older_token_is_not_discarded_in_place_of_the_newer_one():
    tokens = ManualTokens()
    first = await tokens.token()
    tokens.discard(first)
    second = await tokens.token()
    tokens.clock.advance(DISCARD_INTERVAL_SECONDS)
    assert tokens.discard(first)
    assert await tokens.token() == second
