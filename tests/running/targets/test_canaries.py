"""A canary in every place where a secret can stand is found in no result and no log, whatever the server does."""

import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.clock import SystemClock
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.settings import Settings
from tests.running.targets.conftest import Scraping, Server, StoredMemory
from tests.support.secrets import MemorySecrets

CANARY = "canary-4f1c9a"
KEY = {"name": "shop", "key": "token"}
EXTRACT = {
    "format": "Text",
    "fields": [{"name": "all", "regex": "(?s).*"}, {"name": "page", "value": "PageURL"}],
}
PLACES: dict[str, dict[str, Any]] = {
    "header": {"headers": [{"name": "X-Token", "valueFrom": {"secretKeyRef": KEY}}]},
    "cookie": {"headers": [{"name": "Cookie", "valueFrom": {"secretKeyRef": KEY}}]},
    "authorization": {"headers": [{"name": "Authorization", "valueFrom": {"secretKeyRef": KEY}}]},
    "basic": {"auth": {"basic": {"secretRef": {"name": "login"}}}},
    "bearer": {"auth": {"bearer": {"secretKeyRef": KEY}}},
    "apiKey in a header": {"auth": {"apiKey": {"in": "Header", "name": "X-Key", "secretKeyRef": KEY}}},
    "apiKey in the query": {"auth": {"apiKey": {"in": "Query", "name": "key", "secretKeyRef": KEY}}},
    "oauth2": {"auth": {"oauth2": {"tokenURL": "{server}/token", "secretRef": {"name": "client"}}}},
    "refused oauth2": {"auth": {"oauth2": {"tokenURL": "{server}/refused", "secretRef": {"name": "client"}}}},
    "key of a certificate": {"tls": {"certSecretRef": {"name": "mtls"}}},
    "roots": {"tls": {"caSecretRef": {"name": "mtls"}}},
    "proxy": {"proxySecretRef": {"name": "proxy"}},
    "bad proxy": {"proxySecretRef": {"name": "badproxy"}},
}
SECRETS = {
    "shop": {"token": CANARY},
    "login": {"username": "ada", "password": CANARY},
    "client": {"client_id": "ada", "client_secret": CANARY},
    "mtls": {"tls.crt": CANARY, "tls.key": CANARY, "ca.crt": CANARY},
    "proxy": {"url": f"http://ada:{CANARY}@127.0.0.1:1"},
    "badproxy": {"url": f"socks://ada:{CANARY}@127.0.0.1:1"},
}


async def answer(request: web.Request) -> web.StreamResponse:
    """Do with a request what servers do: echo it, redirect with it, refuse it and say why."""
    echo = f"{request.method} {request.path_qs} {dict(request.headers)} {await request.text()}"
    token = json.dumps({"access_token": f"{CANARY}-token", "token_type": "bearer", "scope": echo})
    answers = {
        "/token": web.Response(text=token),
        "/refused": web.Response(status=401, text=json.dumps({"error": CANARY, "error_description": echo})),
        "/redirect": web.Response(status=302, headers={"Location": f"/echo?{request.query_string}&echo={echo[:300]}"}),
        "/lost": web.Response(status=302, headers={"Location": f"ftp://{CANARY}/"}),
        "/fail": web.Response(status=500, reason=CANARY, text=echo, headers={"Retry-After": CANARY}),
        "/coding": web.Response(body=echo.encode(), headers={"Content-Encoding": CANARY}),
        "/echo": web.Response(text=echo, headers={"ETag": f'"{CANARY}"', "Set-Cookie": f"a={CANARY}"}),
    }
    return answers[request.path]


@pytest.fixture
async def scraping() -> AsyncIterator[Scraping]:
    pool = ExtractionPool()
    settings = Settings(allow_cidrs="127.0.0.0/8")
    async with open_fetcher(settings, secrets=MemorySecrets(SECRETS)) as fetcher:
        yield Scraping(ScrapingOrchestrator(fetcher, pool, SystemClock()), StoredMemory())
    await pool.aclose()


def filled(value: Any, server: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(part, server) for name, part in value.items()}
    return value.replace("{server}", server) if isinstance(value, str) else value


@pytest.mark.parametrize("path", ["/echo", "/redirect", "/lost", "/fail", "/coding"])
@pytest.mark.parametrize("place", PLACES)
async def test_a_canary_is_found_nowhere(
    scraping: Scraping,
    server: Server,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    path: str,
) -> None:
    server.answer = answer
    with caplog.at_level(logging.DEBUG):
        task = scraping.start(f"{server.url}{path}?a=b", http=filled(PLACES[place], server.url), extract=EXTRACT)
        result = await task.task
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the server's own
    shown = f"{result!r} {task.run!r} {logged}"
    for form in (CANARY, b64encode(f"ada:{CANARY}".encode()).decode()):
        assert form not in shown
