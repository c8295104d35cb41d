"""Addresses of the demo site that misbehave on purpose, for tests of time-outs, statuses, retries and limits.

`/slow?seconds=`, `/hang`, `/status/{code}?retry_after=`, `/empty`, `/flaky/{failures}`, `/redirect/{hops}`,
`/redirect-to?url=&status=`, `/loop`, `/bytes/{count}`, `/broken-json` and `/echo`.
"""

import asyncio
from collections import Counter

from aiohttp import web

MAX_SECONDS = 600.0
MAX_BYTES = 256 * 2**20
_CHUNK = b"x" * 2**16

CLOSING = web.AppKey("closing", asyncio.Event)
FLAKES = web.AppKey("flakes", Counter[str])

routes = web.RouteTableDef()


async def _wait(request: web.Request, seconds: float) -> None:
    """Wait, but not beyond the end of the site: a test need not wait for its own time-out's victim."""
    try:
        await asyncio.wait_for(request.app[CLOSING].wait(), seconds)
    except TimeoutError:
        return


def _number(request: web.Request, name: str, highest: int) -> int:
    text = request.match_info[name]
    if not text.isascii() or not text.isdigit() or int(text) > highest:
        raise web.HTTPBadRequest(text=f"{name} must be an integer from 0 to {highest}")
    return int(text)


@routes.get("/slow")
async def slow(request: web.Request) -> web.Response:
    """Answer after `seconds` (1 where none is given)."""
    try:
        seconds = min(float(request.query.get("seconds", "1")), MAX_SECONDS)
    except ValueError as error:
        raise web.HTTPBadRequest(text="seconds must be a number") from error
    await _wait(request, seconds)
    return web.json_response({"slept": seconds})


@routes.get("/hang")
async def hang(request: web.Request) -> web.Response:
    """Never answer."""
    await request.app[CLOSING].wait()
    return web.Response(status=503)


@routes.route("*", "/status/{code}")
async def status(request: web.Request) -> web.Response:
    """Answer with a status, and with Retry-After where `retry_after` is given."""
    code = _number(request, "code", 599)
    if code < 200:
        raise web.HTTPBadRequest(text="code must be from 200 to 599")
    headers = {"Retry-After": request.query["retry_after"]} if "retry_after" in request.query else None
    return web.Response(status=code, headers=headers, text=None if code in {204, 304} else f"status {code}\n")


@routes.get("/empty")
async def empty(_request: web.Request) -> web.Response:
    """Answer 200 with no body at all."""
    return web.Response(content_type="text/html")


@routes.get("/flaky/{failures}")
async def flaky(request: web.Request) -> web.Response:
    """Answer 503 `failures` times, then once with JSON, and so on; every query string counts for itself."""
    failures = _number(request, "failures", 1000)
    count = request.app[FLAKES][request.path_qs]
    request.app[FLAKES][request.path_qs] += 1
    if count % (failures + 1) < failures:
        return web.json_response({"error": "try again"}, status=503)
    return web.json_response({"tries": failures + 1, "price": 12.5, "name": "Flaky kite"})


@routes.get("/redirect/{hops}")
async def redirect(request: web.Request) -> web.Response:
    """Redirect `hops` times by relative addresses, then answer with JSON."""
    hops = _number(request, "hops", 1000)
    if hops:
        raise web.HTTPFound(f"/redirect/{hops - 1}")
    return web.json_response({"arrived": True})


@routes.get("/redirect-to")
async def redirect_to(request: web.Request) -> web.Response:
    """Redirect to `url` with `status` (302), whatever the address is: `url` is taken as it stands."""
    return web.Response(status=int(request.query.get("status", "302")), headers={"Location": request.query["url"]})


@routes.get("/loop")
async def loop(_request: web.Request) -> web.Response:
    """Redirect to itself."""
    raise web.HTTPFound("/loop")


@routes.get("/bytes/{count}")
async def some_bytes(request: web.Request) -> web.StreamResponse:
    """Send `count` bytes without announcing how many there will be."""
    left = _number(request, "count", MAX_BYTES)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    while left:
        chunk = _CHUNK[:left]
        await response.write(chunk)
        left -= len(chunk)
    await response.write_eof()
    return response


@routes.get("/broken-json")
async def broken_json(_request: web.Request) -> web.Response:
    """Send JSON that ends in its middle."""
    return web.Response(text='{"products": [{"sku": "SKU-00001", "na', content_type="application/json")


@routes.route("*", "/echo")
async def echo(request: web.Request) -> web.Response:
    """Return what was sent: method, query pairs, headers, body."""
    return web.json_response(
        {
            "method": request.method,
            "query": [list(pair) for pair in request.query.items()],
            "headers": dict(request.headers),
            "body": await request.text(),
        }
    )
