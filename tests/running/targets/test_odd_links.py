"""Addresses that cannot be requested, wherever a server writes them: never a request, and the server's fault."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from tests.running.targets.conftest import Scraping, Server

ODD: Mapping[str, str] = {
    "a port beyond the last": "http://shop.example:99999/",
    "a port that is no number": "http://shop.example:x/",
    "a port without digits": "http://shop.example:/",
    "a user name": "http://ada@shop.example/",
    "a password": "http://ada:hunter2@shop.example/",
    "no host": "http://",
    "no host before the path": "http:///path",
    "no host before the port": "http://:80/",
    "no slashes": "https:path",
    "an open bracket": "http://[::1",
    "a number": "http://2130706433/",
    "a hexadecimal number": "http://0x7f.1/",
    "a dot at its end": "http://shop.example./",
    "a backslash": "http://shop.example\\@other.example/",
    "a zone": "http://[fe80::1%25eth0]/",
    "FTP": "ftp://shop.example/",
    "a file": "file:///etc/passwd",
    "a script": "javascript:alert(1)",
    "mail": "mailto:ada@shop.example",
    "data": "data:text/html,x",
}
DISABLED = [
    "javascript:void(0)",
    "javascript:void(0);",
    "javascript:;",
    "JavaScript: void 0",
    "javascript:void()",
    " javascript: ",
]
LOST = (RunStatus.PARTIALLY_SUCCEEDED, Reason.EXTRACTION_ERROR)
WAYS: Mapping[str, tuple[Mapping[str, Any], tuple[RunStatus, Reason], str]] = {
    "next": ({"paginate": {"nextLink": {"jmespath": "next"}}}, LOST, "paginate.nextLink"),
    "header": ({"paginate": {"nextLink": {"linkHeader": "next"}}}, LOST, "paginate.nextLink"),
    "follow": (
        {"follow": {"link": {"jmespath": "link"}, "fields": [{"name": "more", "jmespath": "more"}]}},
        LOST,
        "follow.link",
    ),
    "redirect": ({}, (RunStatus.FAILED, Reason.REDIRECT_ERROR), "redirects (302)"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_address_is_a_fault_of_the_server(scrape: Scraping, server: Server, odd: str, way: str) -> None:
    address = ODD[odd]

    async def answer(_request: web.Request) -> web.Response:
        if way == "redirect":
            return web.Response(status=302, headers={"Location": address})
        body = {"data": [{"id": 1, "link": address}], "next": address}
        return web.json_response(body, headers={"Link": f'<{address}>; rel="next"'})

    server.answer = answer
    target, outcome, named = WAYS[way]
    result = await scrape(server.url, **target)
    assert (result.status, result.reason) == outcome
    assert named in result.message
    assert len(server.requests) == 1
    assert [item.data["id"] for item in result.items] == ([] if way == "redirect" else ["1"])
    assert "hunter2" not in f"{result.message} {result.warnings}"


@pytest.mark.parametrize("way", ["next", "follow"])
@pytest.mark.parametrize("link", DISABLED)
async def test_a_link_that_is_disabled_leads_nowhere(scrape: Scraping, server: Server, link: str, way: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": 1, "link": link}], "next": link})

    server.answer = answer
    result = await scrape(server.url, **WAYS[way][0])
    assert (result.status, len(server.requests)) == (RunStatus.SUCCEEDED, 1)
