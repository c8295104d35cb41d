"""Each kind of credentials over real sockets: what is sent, where it is not sent, and what is never shown."""

from base64 import b64encode

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import ApiKeyAuth, ApiKeyPlace, BasicAuth, BearerAuth, SecretKey
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import answering, ok, redirect, serving

TOKEN = SecretKey("shop", "token")
BASIC = b64encode(b"ada:hunter2-password")
KINDS = [
    pytest.param({"auth": BasicAuth("shop")}, b"Authorization: Basic " + BASIC, id="basic"),
    pytest.param({"auth": BearerAuth(TOKEN)}, b"Authorization: Bearer hunter2-token", id="bearer"),
    pytest.param(
        {"auth": ApiKeyAuth(ApiKeyPlace.HEADER, "X-Key", TOKEN)}, b"X-Key: hunter2-token", id="apiKey in a header"
    ),
    pytest.param(
        {"auth": ApiKeyAuth(ApiKeyPlace.QUERY, "api key", SecretKey("shop", "key"))},
        b"api%20key=hunter2%20key%26 HTTP/1.1",
        id="apiKey in the query",
    ),
    pytest.param({"headers": (("X-Token", TOKEN),)}, b"X-Token: hunter2-token", id="header"),
]


async def failure(session, request):
    with pytest.raises(ScrapeFailed) as raised:
        await session.fetch(request)
    return raised.value


@pytest.mark.parametrize(("access", "sent"), KINDS)
async def test_credentials_are_sent_with_every_request_to_the_origin(client, access, sent):
    session = client.session(**access)
    async with serving(answering(redirect("/again"), ok(b"x"), ok(b"y"), close=False)) as server:
        await session.fetch(Request(server.url + "/first?a=b"))
        await session.fetch(Request(server.url + "/second", headers=[("Authorization", "own"), ("x-token", "own")]))
    assert [sent in head for head in server.heads] == [True] * 3
    assert server.heads[0].startswith(b"GET /first?a=b")
    assert b"x-token: own" not in server.heads[2] or b"X-Token" not in sent


@pytest.mark.parametrize(
    ("access", "headers", "note"),
    [
        ({}, [], "no credentials were sent: if the site asks for some, add http.auth or http.headers"),
        ({}, [("X-Mine", "hunter2"), ("Accept", "a/b")], "credentials were sent (header X-Mine): check their values"),
        ({"auth": BearerAuth(TOKEN)}, [], "credentials were sent (key token of Secret shop): check their values"),
        ({"auth": BasicAuth("shop")}, [], "(key username of Secret shop, key password of Secret shop)"),
        (
            {"headers": (("X-Token", TOKEN),)},
            [("x-token", "own")],
            "sent (header X-Token from key token of Secret shop)",
        ),
    ],
)
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_refusal_names_the_credentials_that_were_sent(client, access, headers, note: str, status: str):
    async with serving(answering(ok(b"", status=status))) as server:
        failed = await failure(client.session(**access), Request(server.url, headers=headers))
    assert f"answered {status}; " in failed.message
    assert note in failed.message
    assert "hunter2" not in failed.message


async def test_a_refusal_after_a_redirect_says_that_credentials_stayed_behind(client):
    async with (
        serving(answering(ok(b"", status="401 Unauthorized"))) as other,
        serving(answering(redirect(other.url + "/page"))) as server,
    ):
        failed = await failure(client.session(auth=BearerAuth(TOKEN)), Request(server.url))
    assert failed.message.endswith("since a redirect led to another site: use its address in http.url")


@pytest.mark.parametrize(("access", "sent"), KINDS)
async def test_credentials_never_reach_another_origin(client, access, sent):
    session = client.session(**access)
    async with (
        serving(answering(ok(b"x"), close=False)) as other,
        serving(answering(ok(b"x"), redirect(other.url + "/redirected"), close=False)) as server,
    ):
        await session.fetch(Request(server.url))
        await session.fetch(Request(server.url))
        await session.fetch(Request(other.url + "/page", headers=[("X-Own", "hunter2"), ("Accept", "a/b")]))
    assert len(other.heads) == 2
    assert not any(b"hunter2" in head or BASIC in head for head in other.heads)
    assert b"Accept: a/b" in other.heads[1]


async def test_credentials_are_not_followed_from_https_to_http(client_of, certificate, server_tls, tls_context):
    async with (
        client_of(tls_context, shop={"token": "hunter2-token"}) as client,
        serving(answering(ok(b"x"))) as plain,
        serving(answering(redirect(plain.url)), context=server_tls) as server,
    ):
        failed = await failure(client.session(auth=BearerAuth(TOKEN)), Request(server.url))
    assert (failed.reason, plain.heads) == (Reason.REDIRECT_ERROR, [])


@pytest.mark.parametrize(("access", "sent"), KINDS)
async def test_what_a_server_echoes_is_masked_everywhere(client, access, sent):
    def echo(head, writer):
        line = head.split(b"\r\n", 1)[0].split()[1]
        writer.write(b"HTTP/1.1 200 OK\r\nX-Echo: " + line + b"\r\nETag: " + line)
        writer.write(b"\r\nContent-Length: %d\r\n\r\n" % len(head) + head)

    async def handle(head, writer):
        if b"/start" in head:
            target = head.split()[1].replace(b"/start", b"/echo")
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            echo(head, writer)

    async with serving(handle) as server:
        response = await client.session(**access).fetch(Request(server.url + "/start"))
    shown = f"{response.url} {response.headers} {response.validators} {response.body!r}"
    assert "hunter2" not in shown
    assert BASIC.decode() not in shown
    assert "*****" in shown


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", "Location: http://0x7f.1/hunter2-token", status="302 Found"),
        ok(b"", status="403 hunter2-token"),
        b"hunter2-token\r\n\r\n",
        ok(b"", "Content-Encoding: hunter2-token"),
    ],
    ids=["location", "phrase", "garbage", "coding"],
)
async def test_failures_name_no_secret(client, answer):
    async with serving(answering(answer)) as server:
        failed = await failure(client.session(auth=BearerAuth(TOKEN)), Request(server.url))
    assert "hunter2" not in f"{failed} {failed.message}"


async def test_a_link_that_repeats_a_masked_key_is_sent_with_the_key(client):
    session = client.session(auth=ApiKeyAuth(ApiKeyPlace.QUERY, "key", TOKEN))
    async with serving(answering(ok(b"x"), close=False)) as server:
        await session.fetch(Request(server.url + "/?a=1"))
        await session.fetch(Request(server.url + "/?key=*************&a=2&keys=3"))
    assert [head.split()[1] for head in server.heads] == [b"/?a=1&key=hunter2-token", b"/?a=2&keys=3&key=hunter2-token"]


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ({"auth": BasicAuth("absent")}, "Secret /absent does not exist"),
        ({"auth": BearerAuth(SecretKey("shop", "absent"))}, "Secret /shop has no key absent"),
        ({"headers": (("X-A", SecretKey("oauth", "nothing")),)}, "has no key nothing"),
        ({"proxy_secret": "absent"}, "Secret /absent"),
    ],
)
async def test_a_secret_that_is_absent_is_named_and_nothing_is_sent(client, access, words):
    async with serving(answering(ok(b"x"))) as server:
        failed = await failure(client.session(**access), Request(server.url))
    assert (failed.reason, server.heads) == (Reason.SECRET_NOT_FOUND, [])
    assert words in failed.message


async def test_a_secret_that_comes_later_counts_for_the_next_run(client):
    async with serving(answering(ok(b"x"), close=False)) as server:
        await failure(client.session(auth=BearerAuth(SecretKey("late", "token"))), Request(server.url))
        client.secrets.secrets["late"] = {"token": "arrived"}
        await client.session(auth=BearerAuth(SecretKey("late", "token"))).fetch(Request(server.url))
        client.secrets.secrets["late"] = {"token": "rotated"}
        await client.session(auth=BearerAuth(SecretKey("late", "token"))).fetch(Request(server.url))
    assert [b"Bearer arrived" in server.heads[0], b"Bearer rotated" in server.heads[1]] == [True, True]


async def test_secrets_are_read_once_per_run(client):
    session = client.session(auth=BasicAuth("shop"), headers=(("X-Token", TOKEN),))
    async with serving(answering(ok(b"x"), close=False)) as server:
        for _ in range(3):
            await session.fetch(Request(server.url))
    assert client.secrets.read_count == 1


@pytest.mark.parametrize("value", ["a\nb-hunter2", "hunter2\0", "hunter2" * 2000])
async def test_a_value_that_no_header_can_hold_is_refused_without_being_shown(client, value):
    client.secrets.secrets["bad"] = {"token": value}
    async with serving(answering(ok(b"x"))) as server:
        for access in (
            {"headers": (("X-A", SecretKey("bad", "token")),)},
            {"auth": BearerAuth(SecretKey("bad", "token"))},
        ):
            failed = await failure(client.session(**access), Request(server.url))
            assert failed.reason is Reason.INVALID_SPEC
            assert "hunter2" not in f"{failed}"
    assert not server.heads
