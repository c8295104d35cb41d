"""A canary in every place where a secret can stand is found nowhere afterwards, whatever a server does with it."""

import asyncio
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from tests.secrecy.places import PLACES, canary, filled, fills_of, forms
from tests.secrecy.server import ANSWERS, EchoServer
from tests.secrecy.world import World, database_traces, found, open_world, schedule, spoken
from tests.support.waiting import eventually
from tests.support.web import served_by

pytestmark = pytest.mark.usefixtures("prompt_writes")

READ_AS_PAGE: dict[str, Any] = {
    "extract": {
        "format": "HTML",
        "fields": [
            {"name": "p", "css": "p::text", "type": "String"},
            {"name": "script", "css": "script::text"},
            {"name": "link", "css": "a::attr(href)", "type": "URL"},
            {"name": "price", "css": "p::text", "type": "Decimal"},
            {"name": "at", "css": "p::text", "type": "DateTime"},
            {"name": "absent", "css": "p > em > b::text", "required": False},
        ],
    },
    "paginate": {"nextLink": {"css": "a::attr(href)"}, "maxPages": 2},
}
READ_AS_JSON: dict[str, Any] = {
    "extract": {
        "format": "JSON",
        "fields": [{"name": "plain", "jmespath": "plain"}, {"name": "p", "jmespath": "p", "type": "Integer"}],
    }
}
READ_AS = {"echo as HTML": READ_AS_PAGE, "echo as entities": READ_AS_PAGE, "echo as JSON": READ_AS_JSON}
"""How the answers are read that are no plain text."""

SECRETS = {place: list(forms(canary(number))) for number, place in enumerate(PLACES)}


def objects(world: World, server: EchoServer, proxy: str, read_as: dict[str, Any]) -> list[dict[str, Any]]:
    """Make one schedule for each place, on a host of its own; the API server gets its Secrets."""
    made = []
    for number, place in enumerate(PLACES.values()):
        fills = fills_of(number, server.url, proxy)
        name = fills["id"]
        world.api.secrets |= filled(place.secrets, fills)
        http = {**filled(place.http, fills), "url": f"{fills['server']}/{name}?a=b"}
        made.append(schedule(name, http, **read_as))
    return made


async def refuse_as_proxy(request: web.Request) -> web.StreamResponse:
    """Answer as a proxy that repeats what it was sent."""
    return web.Response(status=407, text=str(dict(request.headers)), reason=str(request.headers.get("Host")))


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_canary_is_found_nowhere(tmp_path: Path, answer: str) -> None:
    server = EchoServer(ANSWERS[answer])
    async with (
        served_by(server.handle, "0.0.0.0") as server.url,
        served_by(refuse_as_proxy) as proxy,
        open_world(tmp_path) as world,
    ):
        made = objects(world, server, proxy, READ_AS.get(answer, {}))
        tasks = [asyncio.create_task(run()) for _, run in world.app.tasks()]
        await world.run(*made)
        states = [entry.state for entry in world.app.engine.registry]
        await eventually(lambda: all(state.last_run for state in states), within=30)
        await world.app.drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        traces = dict(world.traces())
    said = await asyncio.to_thread(what_the_command_says, world.database)
    assert found(SECRETS, traces | said) == []
    received = {"server": "\n".join(server.received).encode()}
    sent = {place for place, content in SECRETS.items() if found({place: content}, received)}
    assert {place for place, facts in PLACES.items() if facts.is_sent} - sent == {"password of a proxy that refuses"}


def what_the_command_says(database: Path) -> dict[str, bytes]:
    environment = {"SCRAPE_OPERATOR_SQLITE_PATH": str(database)}
    said = dict(database_traces(database))
    for verb, form in product(("runs", "items", "changes"), ("json", "table")):
        said[f"{verb} -o {form}"] = spoken(verb, "-o", form, "--limit", "0", **environment)
    return said


async def test_the_traceback_of_a_defect_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail_with_the_secret(*_: object) -> None:
        raise RuntimeError(f"{canary(0)!r} {quote(canary(0))}")

    monkeypatch.setattr("scrape_operator.running.targets.pages.PageReader._extract", fail_with_the_secret)
    server = EchoServer(ANSWERS["echo"])
    async with served_by(server.handle, "0.0.0.0") as server.url, open_world(tmp_path) as world:
        made = objects(world, server, server.url, {})[0]
        await world.run(made)
        state = next(iter(world.app.engine.registry)).state
        await eventually(lambda: state.last_run, within=30)
        await world.app.drain()
        traces = world.traces()
    assert b"Traceback" in traces["log"]
    assert found(SECRETS, traces) == []
