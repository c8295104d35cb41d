"""A server that issues OAuth2 tokens, and has a page that wants one."""

from urllib.parse import parse_qs

import pytest
from aiohttp import web

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import OAuth2Auth
from scrape_operator.core.net.documents import Request


class TokenServer:
    """Issues tokens, and has a page that wants one."""

    def __init__(self):
        self.url = ""
        self.issued: list[str] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.lifetime: float = 3600
        self.answer = None
        self.page_answer = self.page
        self.is_exclusive = False
        self.issues_valid_tokens = True
        self.valid: set[str] = set()
        self.seen: list[str] = []

    async def token(self, request):
        self.asked.append((request.headers["Authorization"], parse_qs(await request.text())))
        if self.answer is not None:
            return await self.answer(request)
        token = f"hunter2-token-{len(self.issued)}"
        self.issued.append(token)
        if self.is_exclusive:  # a new token ends the older ones
            self.valid.clear()
        if self.issues_valid_tokens:
            self.valid.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime})

    async def serve_page(self, request):
        return await self.page_answer(request)

    async def page(self, request):
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.seen.append(given)
        return web.Response(text="fine") if given in self.valid else web.Response(status=401)


def session_at(client, issuer, scopes=(), **options):
    return client.session(auth=OAuth2Auth(f"{issuer.url}/token", "oauth", scopes), **options)


async def fetch(session, issuer):
    return (await session.fetch(Request(f"{issuer.url}/page"))).body


async def failure(session, issuer):
    with pytest.raises(ScrapeFailed) as raised:
        await fetch(session, issuer)
    assert "hunter2" not in f"{raised.value}"
    return raised.value


def answering(status=200, body=b"", **headers):
    async def answer(request):
        return web.Response(status=status, body=body, headers=headers)

    return answer
