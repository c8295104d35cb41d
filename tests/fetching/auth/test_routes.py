"""Client certificates, own roots, server names and proxies over real sockets."""

import asyncio
import contextlib
import ssl
from base64 import b64encode

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import BearerAuth, OAuth2Auth, SecretKey, TLSOptions
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.policy import DEFAULT_POLICY
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import answering, make_certificate, ok, redirect, serving


@pytest.fixture(scope="session")
def named(tmp_path_factory):
    """A certificate for api.example, and its key."""
    return make_certificate(tmp_path_factory.mktemp("named"), "api.example")


def tls_server(pair, client_roots=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if client_roots is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_roots)
    return context


async def failure(session, url):
    with pytest.raises(ScrapeFailed) as raised:
        await session.fetch(Request(url))
    return raised.value


async def test_own_roots_replace_the_usual_ones(client_of, certificate):
    pem = certificate[0].read_text()
    async with (
        client_of(ca={"ca.crt": pem}) as client,
        serving(answering(ok(b"x")), context=tls_server(certificate)) as server,
    ):
        assert (await client.session(tls=TLSOptions("ca")).fetch(Request(server.url))).body == b"x"
        assert (await failure(client.session(), server.url)).reason is Reason.TLS_ERROR


async def test_the_certificate_may_be_for_another_name(client_of, named):
    async with (
        client_of(ca={"ca.crt": named[0].read_text()}) as client,
        serving(answering(ok(b"x")), context=tls_server(named)) as server,
    ):
        session = client.session(tls=TLSOptions("ca", server_name="api.example"))
        assert (await session.fetch(Request(server.url))).body == b"x"
        assert (await failure(client.session(tls=TLSOptions("ca")), server.url)).reason is Reason.TLS_ERROR


async def test_a_client_certificate_is_shown_to_its_origin_alone(client_of, certificate, named):
    secrets = {
        "ca": {"ca.crt": certificate[0].read_text()},
        "mtls": {"tls.crt": named[0].read_text(), "tls.key": named[1].read_text()},
    }
    demanding = tls_server(certificate, client_roots=named[0])
    async with (
        client_of(ssl.create_default_context(cafile=str(certificate[0])), **secrets) as client,
        serving(answering(ok(b"other"), close=False), context=tls_server(certificate, client_roots=named[0])) as other,
        serving(answering(ok(b"x"), redirect(other.url), close=False), context=demanding) as server,
    ):
        session = client.session(tls=TLSOptions("ca", "mtls"))
        assert (await session.fetch(Request(server.url))).body == b"x"
        await failure(session, server.url)
        await failure(client.session(tls=TLSOptions("ca")), server.url)
    assert (len(server.heads), other.heads) == (2, [])


@pytest.mark.parametrize("content", ["", "hunter2", "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----"])
async def test_certificates_that_are_none_are_named_without_their_content(client_of, content):
    async with client_of(bad={"ca.crt": content, "tls.crt": content, "tls.key": content}) as client:
        for options in (TLSOptions("bad"), TLSOptions(None, "bad")):
            failed = await failure(client.session(tls=options), "https://127.0.0.1:1/")
            assert failed.reason is Reason.TLS_ERROR
            assert "Secret bad" in failed.message
            assert "hunter2" not in failed.message


@contextlib.asynccontextmanager
async def tunnelling(context=None):
    """A proxy: it forwards what it is asked for, and notes the heads."""
    heads = []

    async def pipe(reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def handle(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            target = head.split()[1].decode()
            if head.startswith(b"CONNECT"):
                host, _, port = target.rpartition(":")
                far_reader, far_writer = await asyncio.open_connection(host, int(port))
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                host, _, port = target.split("/")[2].rpartition(":")
                far_reader, far_writer = await asyncio.open_connection(host, int(port))
                far_writer.write(head)
            await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


CREDENTIALS = b"Proxy-Authorization: Basic " + b64encode(b"ada:hunter2 x")


async def test_a_proxy_gets_its_credentials_and_the_server_does_not(client_of):
    async with (
        tunnelling() as (address, heads),
        serving(answering(ok(b"x"))) as server,
        client_of(proxy={"url": f"http://ada:hunter2%20x@{address}"}) as client,
    ):
        assert (await client.session(proxy_secret="proxy").fetch(Request(server.url + "/a"))).body == b"x"
    assert heads[0].startswith(b"GET " + server.url.encode() + b"/a HTTP/1.1")
    assert CREDENTIALS in heads[0]


async def test_tls_goes_through_a_tunnel_that_sees_no_credentials_of_the_target(client_of, certificate):
    async with (
        tunnelling() as (address, heads),
        serving(answering(ok(b"x")), context=tls_server(certificate)) as server,
        client_of(
            ssl.create_default_context(cafile=str(certificate[0])),
            proxy={"url": f"http://ada:hunter2%20x@{address}"},
            shop={"token": "hunter2-token"},
        ) as client,
    ):
        session = client.session(proxy_secret="proxy", auth=BearerAuth(SecretKey("shop", "token")))
        assert (await session.fetch(Request(server.url))).body == b"x"
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")
    assert CREDENTIALS in heads[0]
    assert b"hunter2-token" not in heads[0]
    assert b"Bearer hunter2-token" in server.heads[0]
    assert b"Proxy-Authorization" not in server.heads[0]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://ada:hunter2@10.0.0.1:3128", Reason.BLOCKED_ADDRESS),
        ("http://ada:hunter2@169.254.169.254", Reason.BLOCKED_ADDRESS),
        ("http://ada:hunter2@0x7f.1:3128", Reason.INVALID_SPEC),
        ("socks5://ada:hunter2@127.0.0.1:3128", Reason.INVALID_SPEC),
        ("ada:hunter2", Reason.INVALID_SPEC),
        ("http://ada:hunter2@127.0.0.1:1", Reason.CONNECT_ERROR),
    ],
)
async def test_a_proxy_is_under_the_guard_and_its_password_is_not_shown(client_of, url, reason):
    async with client_of(proxy={"url": url}) as client, serving(answering(ok(b"x"))) as server:
        failed = await failure(client.session(proxy_secret="proxy"), server.url)
    assert failed.reason is reason
    assert "hunter2" not in f"{failed}"
    assert server.heads == []


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[::ffff:10.0.0.1]", "localhost6.invalid"])
async def test_no_proxy_is_asked_for_an_address_that_is_denied(client_of, host):
    async with tunnelling() as (address, heads), client_of(proxy={"url": f"http://{address}"}) as client:
        failed = await failure(client.session(proxy_secret="proxy"), f"http://{host}/")
    assert heads == [] or host.endswith(".invalid")
    assert failed.reason is Reason.BLOCKED_ADDRESS or host.endswith(".invalid")


@pytest.mark.parametrize(("status", "reason"), [("407 No", Reason.AUTH_FAILED), ("502 Bad", Reason.CONNECT_ERROR)])
async def test_a_proxy_that_refuses_the_tunnel_has_its_reason(client_of, status, reason):
    async with (
        serving(answering(ok(b"", status=status))) as proxy,
        client_of(proxy={"url": proxy.url}) as client,
    ):
        failed = await failure(client.session(proxy_secret="proxy"), "https://127.0.0.1:1/")
    assert failed.reason is reason
    assert "proxy" in failed.message


async def test_robots_txt_is_read_by_the_way_of_its_target(client_of, certificate, named):
    secrets = {
        "ca": {"ca.crt": certificate[0].read_text()},
        "mtls": {"tls.crt": named[0].read_text(), "tls.key": named[1].read_text()},
    }

    async def site(head, writer):
        writer.write(ok(b"User-agent: *\nDisallow: /private") if b"/robots.txt" in head else ok(b"x"))

    async with (
        client_of(**secrets) as client,
        serving(site, context=tls_server(certificate, client_roots=named[0])) as server,
    ):
        await failure(client.session(policy=DEFAULT_POLICY), server.url)  # trusts no such server, and shows nothing
        session = client.session(policy=DEFAULT_POLICY, tls=TLSOptions("ca", "mtls"))
        assert (await session.fetch(Request(server.url + "/public"))).body == b"x"
        assert (await failure(session, server.url + "/private")).reason is Reason.ROBOTS_DISALLOWED
    assert [head.split()[1] for head in server.heads] == [b"/robots.txt", b"/public"]


async def test_a_token_is_asked_for_through_the_proxy_of_its_target(client_of):
    async def site(head, writer):
        writer.write(ok(b'{"access_token": "t", "token_type": "bearer"}') if b"/token" in head else ok(b"x"))

    async with (
        tunnelling() as (address, heads),
        serving(site) as server,
        client_of(proxy={"url": f"http://{address}"}, oauth={"client_id": "a", "client_secret": "b"}) as client,
    ):
        session = client.session(auth=OAuth2Auth(server.url + "/token", "oauth"), proxy_secret="proxy")
        await session.fetch(Request(server.url))
    assert heads[0].startswith(b"POST " + server.url.encode() + b"/token")
