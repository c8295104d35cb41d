"""Hostile servers and addresses on every way on which a run meets one: page, redirect, next page, detail page,
robots.txt, token endpoint and proxy."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.planning.schedule import compile_schedule
from tests.fetching.servers import Handler, RawServer, answering, never_ending, ok, redirect, resetting, serving
from tests.secrecy.places import canary, forms
from tests.secrecy.world import World, found, open_world, schedule
from tests.support.waiting import eventually
from tests.support.web import served_by

pytestmark = pytest.mark.usefixtures("prompt_writes")

INWARD = "127.0.0.2"
"""An address of this machine that is not allowed: a canary listens there."""

MAX_SECONDS = 15.0
MAX_BYTES = 64 * 2**20
SECRET = {"hostile": list(forms(canary(0)))}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b"\0" * 50_000_000)


@dataclass(frozen=True)
class Behaviour:
    """What a server does at every address, and the reason that a person reads.

    `robots` is the reason where robots.txt is answered like this. `act` gets the authority of the inward canary.
    """

    act: Callable[[str], Handler]
    reason: str
    robots: str = "RobotsDisallowed"

    @property
    def token(self) -> str:
        """The reason where a token endpoint answers like this: its redirects are not followed."""
        return "RedirectError" if self.reason == "BlockedAddress" else self.reason

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Return what becomes of each way: what came before a later page or a detail document is kept."""
        robots = ("SUCCEEDED" if self.robots == "Succeeded" else "FAILED", self.robots)
        ends = dict.fromkeys(("page", "redirect", "proxy"), ("FAILED", self.reason))
        kept = dict.fromkeys(("next", "follow"), ("PARTIALLY_SUCCEEDED", self.reason))
        return {**ends, **kept, "robots": robots, "token": ("FAILED", self.token)}


def always(handler: Callable[[], Handler]) -> Callable[[str], Handler]:
    return lambda _: handler()


def leading(location: str) -> Callable[[str], Handler]:
    """Redirect to an address, in which `{host}` and `{port}` are those of the canary."""
    return lambda inward: answering(
        redirect(location.format(host=inward.split(":")[0], port=inward.split(":")[1])), close=True
    )


BEHAVIOURS = {
    "says nothing": Behaviour(always(never_ending), "Timeout", "Timeout"),
    "drips a header": Behaviour(lambda _: never_ending(b"HTTP/1.1 200 OK\r\n", b"X"), "Timeout", "Timeout"),
    "drips a body": Behaviour(lambda _: never_ending(CHUNKED, b"1\r\nx\r\n"), "Timeout", "Timeout"),
    "headers without end": Behaviour(
        lambda _: never_ending(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 50), "ProtocolError"
    ),
    "interim answers without end": Behaviour(
        lambda _: never_ending(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5), "ProtocolError"
    ),
    "body without end": Behaviour(  # robots.txt is read as far as it counts
        lambda _: never_ending(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"), "TooLarge", "Succeeded"
    ),
    "bomb": Behaviour(lambda _: answering(ok(BOMB, "Content-Encoding: gzip")), "TooLarge", "Succeeded"),
    "no status line": Behaviour(lambda _: answering(b"\x16\x03\x01garbage\r\n\r\n"), "ProtocolError"),
    "hangs up": Behaviour(lambda _: answering(b""), "ProtocolError"),
    "resets": Behaviour(always(resetting), "ConnectError"),
    "short body": Behaviour(lambda _: answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"), "ProtocolError"),
    "wrong chunk": Behaviour(lambda _: answering(CHUNKED + b"zz\r\n"), "ProtocolError"),
    "redirects for ever": Behaviour(leading("/again"), "RedirectError", "Succeeded"),  # the end of robots.txt is fine
    "redirects inward": Behaviour(leading("http://{host}:{port}/"), "BlockedAddress"),
    "redirects inward, mapped": Behaviour(leading("http://[::ffff:{host}]:{port}/"), "BlockedAddress"),
    "redirects inward, as a number": Behaviour(leading("http://2130706434:{port}/"), "RedirectError"),
    "redirects to metadata": Behaviour(leading("http://169.254.169.254/latest/meta-data/"), "BlockedAddress"),
    "redirects to a file": Behaviour(leading("file:///etc/passwd"), "RedirectError"),
    "redirects with a password": Behaviour(leading("http://ada:secret@{host}:{port}/"), "RedirectError"),
    "redirects nowhere": Behaviour(lambda _: answering(ok(status="302 Found")), "RedirectError"),
}
DENIED = (
    "127.0.0.2",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
    "[::127.0.0.2]",
    "[64:ff9b::7f00:2]",
    "[2002:7f00:2::]",
    "[::1]",
    "0.0.0.0",
    "10.0.0.1",
    "169.254.169.254",
)
ODD = ("2130706434", "0x7f000002", "127.2", "0177.0.0.2", "127.0.0.2.", "ada@127.0.0.2")
"""Forms that two parsers may read as two hosts: whoever reads one refuses it."""
REFUSED = {
    "redirect": ("FAILED", "RedirectError"),
    "next": ("PARTIALLY_SUCCEEDED", "ExtractionError"),
    "follow": ("PARTIALLY_SUCCEEDED", "ExtractionError"),
}


def sparing(handler: Handler, *, robots: bool) -> Handler:
    """Be hostile for robots.txt alone, or for everything else."""
    fine, none = answering(ok(b'{"data": [{"id": 1}]}')), answering(ok(status="404 Not Found"))

    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        is_robots = b"/robots.txt" in head.split(b"\r\n", 1)[0]
        kind = handler if is_robots is robots else none if is_robots else fine
        await kind(head, writer)

    if getattr(handler, "never_ends", False):
        vars(handle)["never_ends"] = True
    return handle


async def innocent(request: web.Request) -> web.StreamResponse:
    if request.path == "/robots.txt":
        raise web.HTTPNotFound
    to = request.query.get("to", "")
    if request.path == "/redirect":
        return web.Response(status=302, headers={"Location": to})
    return web.Response(text=json.dumps({"data": [{"id": 1, "link": to}], "next": to}))


EXTRACT = {"format": "JSON", "items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}]}
FOLLOW = {"link": {"jmespath": "link"}, "fields": [{"name": "detail", "jmespath": "a"}]}
NEXT = {"nextLink": {"jmespath": "next"}, "maxPages": 3}
BEARER = {"bearer": {"secretKeyRef": {"name": "own", "key": "token"}}}


def on_each_way(good: str, bad: Mapping[str, str], seconds: int = 1) -> dict[str, dict[str, Any]]:
    """Return a schedule for each way on which it meets a hostile address; a request may take so many seconds."""

    def made(name: str, url: str, auth: Any = BEARER, **more: Any) -> dict[str, Any]:
        http = {"url": url, "auth": auth, "timeout": f"{seconds}s", "maxBodyBytes": "100Ki", **more.pop("http", {})}
        obj = schedule(name, http, extract=EXTRACT, **more)
        obj["spec"]["timeout"] = f"{3 * seconds}s"
        return obj

    oauth2 = {"oauth2": {"tokenURL": f"{bad['token']}/token", "secretRef": {"name": "own"}}}
    return {
        "page": made("page", f"{bad['page']}/page"),
        "redirect": made("redirect", f"{good}/redirect?to={bad['redirect']}/x"),
        "next": made("next", f"{good}/list?to={bad['next']}/x", paginate=NEXT),
        "follow": made("follow", f"{good}/list?to={bad['follow']}/x", follow=FOLLOW),
        "robots": made("robots", f"{bad['robots']}/page"),
        "token": made("token", f"{good}/list", oauth2),
        "proxy": made("proxy", f"{good}/list", None, http={"auth": BEARER, "proxySecretRef": {"name": "proxy"}}),
    }


WAYS = ("page", "redirect", "next", "follow", "robots", "token", "proxy")


async def meet(world: World, objects: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Run every schedule once."""
    await world.run(*objects.values())
    states = {entry.plan.key.name: entry.state for entry in world.app.engine.registry}
    findings = [str(finding) for entry in world.app.engine.registry for finding in entry.plan.findings]
    assert findings == []
    await eventually(lambda: all(state.last_run for state in states.values()), within=MAX_SECONDS)
    await world.app.drain()
    return {
        name: (str(state.last_run.status), str(state.last_run.reason))
        for name, state in states.items()
        if state.last_run is not None
    }


@asynccontextmanager
async def hostile_servers(behaviour: Callable[[str], Handler], inward: str) -> AsyncIterator[dict[str, RawServer]]:
    async with AsyncExitStack() as stack:
        yield {
            way: await stack.enter_async_context(serving(sparing(behaviour(inward), robots=way == "robots")))
            for way in WAYS
        }


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_a_hostile_server_on_each_way(tmp_path: Path, behaviour: str) -> None:
    loop, facts = asyncio.get_running_loop(), BEHAVIOURS[behaviour]
    async with (
        serving(answering(ok(b"secret")), host=INWARD) as inward,
        served_by(innocent) as good,
        open_world(tmp_path, allow_cidrs="127.0.0.1/32") as world,
        hostile_servers(facts.act, inward.url.removeprefix("http://")) as servers,
    ):
        world.api.secrets |= {
            "own": {"token": canary(0), "client_id": "ada", "client_secret": "another-secret"},
            "proxy": {"url": servers["proxy"].url},
        }
        bad = {way: server.url for way, server in servers.items()}
        tracemalloc.start()
        began = loop.time()
        outcomes = await meet(world, on_each_way(good, bad, 1 if facts.reason == "Timeout" else 20))
        seconds, (_, peak) = loop.time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        traces = world.traces()
    assert outcomes == facts.outcomes()
    assert inward.connections == 0
    heads = {way: b"".join(servers[way].heads) for way in ("redirect", "next", "follow", "token", "robots")}
    heads["robots"] = b"".join(head for head in servers["robots"].heads if b"/robots.txt" in head)
    assert found(SECRET, {**heads, **traces}) == []
    assert seconds < MAX_SECONDS
    assert peak < MAX_BYTES


@pytest.mark.parametrize("host", DENIED + ODD)
async def test_an_inward_address_on_each_way(tmp_path: Path, host: str) -> None:
    async with (
        serving(answering(ok(b"secret")), host=INWARD) as inward,
        served_by(innocent) as good,
        open_world(tmp_path, allow_cidrs="127.0.0.1/32") as world,
    ):
        address = f"http://{host}:{inward.url.rpartition(':')[2]}"
        own = {"token": canary(0), "client_id": "ada", "client_secret": "another-secret"}
        world.api.secrets |= {"own": own, "proxy": {"url": address}}
        objects = on_each_way(good, dict.fromkeys(WAYS, address), 20)
        refused = {way for way, obj in objects.items() if compile_schedule(obj, timedelta(hours=1)).findings}
        outcomes = await meet(world, {way: obj for way, obj in objects.items() if way not in refused})
        traces = world.traces()
    assert inward.connections == 0
    assert found(SECRET, traces) == []
    if host in DENIED:
        assert outcomes == Behaviour(never_to_be_called, "BlockedAddress", "BlockedAddress").outcomes() | {
            "token": ("FAILED", "BlockedAddress")
        }
    else:
        assert refused == {"page", "robots", "token"}
        is_login = host.startswith("ada@")  # which the address of a proxy may have
        assert outcomes == REFUSED | {"proxy": ("FAILED", "BlockedAddress" if is_login else "InvalidSpec")}


def never_to_be_called(_: str) -> Handler:
    raise AssertionError("nothing is served at a denied address")
