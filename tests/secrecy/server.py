"""A server that repeats whatever it was sent, in every way that servers do."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, unquote

from aiohttp import web

Answer = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


@dataclass
class EchoServer:
    """Answers with `answer`, which gets the request and all that it held. `received` is what came over the wire."""

    answer: Answer
    url: str = ""
    elsewhere: str = ""
    received: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/robots.txt":
            raise web.HTTPNotFound
        echo = await text_of(request)
        self.received.append(echo)
        special = _SPECIAL.get(request.path.split("/")[1])
        return await (special or self.answer)(request, echo)


async def text_of(request: web.Request) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    return f"{request.method} {request.path_qs}\n{headers}\n\n{await request.text()}"


def variants(text: str) -> str:
    """Return a text as it is, and as pages, scripts and links would write it."""
    return "\n".join(
        (text, unquote(text), escape(text), quote(text), json.dumps(text), b64encode(text.encode()).decode(), "")
    )


async def _token(request: web.Request, echo: str) -> web.StreamResponse:
    return web.json_response({"access_token": "short-lived-token", "token_type": "bearer", "scope": echo})


async def _grant(request: web.Request, echo: str) -> web.StreamResponse:
    return web.json_response({"access_token": request.path.removeprefix("/grant/"), "token_type": "bearer"})


async def _refused(request: web.Request, echo: str) -> web.StreamResponse:
    return web.json_response({"error": echo, "error_description": variants(echo)}, status=401)


async def _garbled(request: web.Request, echo: str) -> web.StreamResponse:
    return web.Response(text=variants(echo))


async def _moved(request: web.Request, echo: str) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": f"/token?{quote(echo)}"})


_SPECIAL: dict[str, Answer] = {
    "token": _token,
    "grant": _grant,
    "refused": _refused,
    "garbled": _garbled,
    "moved": _moved,
}


async def echo_back(request: web.Request, echo: str) -> web.StreamResponse:
    headers = {"ETag": f'"{one_line(echo)}"', "Set-Cookie": f"a={quote(echo)}", "Link": f"<{quote(echo)}>; rel=next"}
    return web.Response(text=variants(echo), headers=headers)


async def echo_as_html(request: web.Request, echo: str) -> web.StreamResponse:
    links = f'<a href="/next?{quote(echo)}">{escape(echo)}</a>'
    body = f"<html><p>{escape(variants(echo))}</p>{links}<script>var a = {json.dumps(echo)}</script></html>"
    return web.Response(text=body, content_type="text/html")


async def echo_as_entities(request: web.Request, echo: str) -> web.StreamResponse:
    body = "".join(f"&#{ord(character)};" for character in echo)
    return web.Response(text=f"<html><p>{body}</p></html>", content_type="text/html")


async def echo_as_json(request: web.Request, echo: str) -> web.StreamResponse:
    text = "".join(f"\\u{ord(character):04x}" for character in echo)
    return web.Response(text=f'{{"plain": {json.dumps(echo)}, "p": "{text}"}}', content_type="application/json")


async def echo_in_utf_16(request: web.Request, echo: str) -> web.StreamResponse:
    return web.Response(body=variants(echo).encode("utf-16"), headers={"Content-Type": "text/plain; charset=utf-16"})


async def redirect(request: web.Request, echo: str) -> web.StreamResponse:
    if "again" in request.query:
        return await echo_back(request, echo)
    return web.Response(status=302, headers={"Location": f"{request.path_qs}&again=1&echo={quote(echo)}"})


async def lose(request: web.Request, echo: str) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"ftp://ada:{quote(echo)}@127.0.0.1/{one_line(echo)}"})


async def fail(request: web.Request, echo: str) -> web.StreamResponse:
    headers = {"Retry-After": one_line(echo), "Content-Type": one_line(echo)}
    return web.Response(status=500, reason=one_line(echo), body=variants(echo).encode(), headers=headers)


async def refuse(request: web.Request, echo: str) -> web.StreamResponse:
    return web.Response(
        status=401, text=variants(echo), headers={"WWW-Authenticate": f'Basic realm="{one_line(echo)}"'}
    )


async def encode(request: web.Request, echo: str) -> web.StreamResponse:
    return web.Response(body=echo.encode(), headers={"Content-Encoding": one_line(echo)})


async def garble(request: web.Request, echo: str) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(f"{one_line(echo)}\r\n\r\n".encode())
    request.transport.close()
    return web.Response()


async def break_off(request: web.Request, echo: str) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(variants(echo).encode())
    assert request.transport is not None
    request.transport.write(f"{one_line(echo)}\r\n".encode())
    request.transport.close()
    return response


def one_line(text: str) -> str:
    return text.replace("\n", " ")


ANSWERS: dict[str, Answer] = {
    "echo": echo_back,
    "echo as HTML": echo_as_html,
    "echo as entities": echo_as_entities,
    "echo as JSON": echo_as_json,
    "echo in UTF-16": echo_in_utf_16,
    "redirect": redirect,
    "redirect to nowhere": lose,
    "failure": fail,
    "refusal": refuse,
    "unknown coding": encode,
    "garbled status line": garble,
    "garbled chunk": break_off,
}
