"""The part of the demo site for members: the same goods at one address for each way to be let in.

`/members/basic`, `/bearer`, `/key` (header X-Key or parameter key), `/header` (X-Member), `/certificate` with a client
certificate (see `tls`), `/oauth2` with a token of POST `/oauth2/token`, `/session` with the cookie that `/login` sets
for user name and password, and `/proxied` for requests that come through the site as a proxy, with those credentials.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.dev.site.tls import CLIENT_NAME

USERNAME = "ada"
PASSWORD = "demo-password"
TOKEN = "demo-token"
KEY = "demo-key"
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-client-secret"
ACCESS_TOKEN = "demo-access-token"
SESSION = "demo-session"

_BASIC = f"Basic {b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}"
_CLIENT = f"Basic {b64encode(f'{CLIENT_ID}:{CLIENT_SECRET}'.encode()).decode()}"

Handler = Callable[[web.Request], Awaitable[web.Response]]


def routes(answer: Handler) -> list[web.RouteDef]:
    """Return the routes; `answer` is what members get."""

    async def members(request: web.Request) -> web.Response:
        check = _CHECKS.get(request.match_info["way"])
        if check is None:
            raise web.HTTPNotFound
        if not check(request):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"}, text="who are you?")
        return await answer(request)

    return [web.get("/members/{way}", members), web.get("/login", _login), web.post("/oauth2/token", _token)]


def _has_header(name: str, value: str) -> Callable[[web.Request], bool]:
    return lambda request: request.headers.get(name) == value


def _certified_name(request: web.Request) -> str | None:
    """Return the common name of the certificate that the client has shown, or None if it has shown none."""
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    subject = dict(pair for part in (certificate or {}).get("subject", ()) for pair in part)
    return subject.get("commonName")


_CHECKS: dict[str, Callable[[web.Request], bool]] = {
    "basic": _has_header("Authorization", _BASIC),
    "bearer": _has_header("Authorization", f"Bearer {TOKEN}"),
    "key": lambda request: KEY in {request.headers.get("X-Key"), request.query.get("key")},
    "header": _has_header("X-Member", TOKEN),
    "oauth2": _has_header("Authorization", f"Bearer {ACCESS_TOKEN}"),
    "certificate": lambda request: _certified_name(request) == CLIENT_NAME,
    "session": lambda request: request.cookies.get("session") == SESSION,
    "proxied": _has_header("Proxy-Authorization", _BASIC),
}


async def _login(request: web.Request) -> web.Response:
    if request.headers.get("Authorization") != _BASIC:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})
    response = web.Response(status=303, headers={"Location": "/members/session"})
    response.set_cookie("session", SESSION, httponly=True)
    return response


async def _token(request: web.Request) -> web.Response:
    """Answer a request of the client credentials grant (RFC 6749 section 4.4)."""
    if request.headers.get("Authorization") != _CLIENT:
        return web.json_response({"error": "invalid_client"}, status=401)
    if (await request.post()).get("grant_type") != "client_credentials":
        return web.json_response({"error": "unsupported_grant_type"}, status=400)
    return web.json_response({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600})
