import asyncio
import socket
import ssl
import struct
from dataclasses import replace

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import ClientCertificateServer, answering, never_ending, ok, redirect, serving


def ask(url, **changes):
    return replace(Request(url, timeout=20.0), **changes)


async def tls_failure(fetcher, request):
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(request)
    assert raised.value.reason is Reason.TLS_ERROR
    return raised.value


async def test_a_trusted_server_is_spoken_to(tls_fetcher, server_tls):
    async with serving(answering(ok(b"x")), context=server_tls) as server:
        assert (await tls_fetcher.fetch(ask(server.url))).body == b"x"


async def test_a_certificate_that_nobody_signed_is_refused(fetcher, server_tls):
    async with serving(answering(ok(b"x")), context=server_tls) as server:
        failed = await tls_failure(fetcher, ask(server.url))
    assert "self-signed" in failed.message
    assert fetcher.traffic.requests == 0


async def test_a_certificate_for_another_name_is_refused(tls_fetcher, server_tls):
    async with serving(answering(ok(b"x")), context=server_tls) as server:
        await tls_failure(tls_fetcher, ask(server.url.replace("127.0.0.1", "localhost")))


@pytest.mark.parametrize(
    ("version", "alert"),
    [
        (ssl.TLSVersion.TLSv1_2, "handshake failure"),
        (ssl.TLSVersion.TLSv1_3, "certificate required: name a Secret with a client certificate in http.tls"),
    ],
    ids=["1.2", "1.3"],
)
async def test_a_server_that_wants_a_client_certificate_is_a_tls_failure(
    tls_fetcher, server_tls, certificate, version, alert
):
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(certificate[0])
    server_tls.minimum_version = server_tls.maximum_version = version
    with ClientCertificateServer(server_tls) as server:
        failed = await tls_failure(tls_fetcher, ask(server.url))
    assert f"refused the TLS connection: {alert}" in failed.message


async def test_a_server_that_resets_the_handshake_is_a_tls_failure(tls_fetcher):
    async def reset(reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await tls_failure(tls_fetcher, ask(f"https://127.0.0.1:{port}/"))


async def test_a_server_without_tls_is_a_tls_failure(tls_fetcher):
    async with serving(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        # it answers to the ClientHello once that holds a blank line, or else when it hangs up
        with pytest.raises(ScrapeFailed) as raised:
            await tls_fetcher.fetch(ask(server.url.replace("http:", "https:"), timeout=0.3))
    assert raised.value.reason in {Reason.TLS_ERROR, Reason.TIMEOUT}


async def test_credentials_do_not_leave_tls(tls_fetcher, server_tls):
    async with (
        serving(answering(ok(b"x"))) as plain,
        serving(answering(redirect(plain.url)), context=server_tls) as server,
    ):
        with pytest.raises(ScrapeFailed) as raised:
            await tls_fetcher.fetch(ask(server.url, headers=[("Authorization", "Bearer hunter2")]))
        assert raised.value.reason is Reason.REDIRECT_ERROR
        assert not plain.heads
        assert (await tls_fetcher.fetch(ask(server.url))).body == b"x"


def closing(head: bytes, *, is_clean: bool):
    """Answer without length; close the connection after close_notify, or with a FIN alone."""

    async def handle(_head, writer):
        writer.write(head + b"<p>one</p>")
        await writer.drain()
        if is_clean:
            writer.close()
            await writer.wait_closed()
        else:
            writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    return handle


HEADS = {
    "1.1": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
    "1.0": b"HTTP/1.0 200 OK\r\n\r\n",
    "to close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
async def test_a_body_without_length_ends_with_tls(tls_fetcher, server_tls, head, version):
    server_tls.minimum_version = server_tls.maximum_version = version
    async with serving(closing(head, is_clean=True), context=server_tls) as server:
        assert (await tls_fetcher.fetch(ask(server.url))).body == b"<p>one</p>"
    async with serving(closing(head, is_clean=False), context=server_tls) as server:
        with pytest.raises(ScrapeFailed) as raised:
            await tls_fetcher.fetch(ask(server.url))
    assert raised.value.reason is Reason.PROTOCOL_ERROR
    assert "close_notify" in raised.value.message


async def test_a_body_of_known_length_needs_no_end_of_tls(tls_fetcher, server_tls):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n"
    async with serving(closing(head, is_clean=False), context=server_tls) as server:
        assert (await tls_fetcher.fetch(ask(server.url))).body == b"<p>one</p>"


async def test_a_body_without_length_and_tls_ends_with_the_connection(fetcher):
    async with serving(closing(HEADS["1.1"], is_clean=False)) as server:
        assert (await fetcher.fetch(ask(server.url))).body == b"<p>one</p>"


async def test_a_tls_server_that_falls_silent_is_hung_up_on(tls_fetcher, server_tls):
    async with serving(never_ending(b"HTTP/1.1 200 OK\r\n"), context=server_tls) as server:
        with pytest.raises(ScrapeFailed) as raised:
            await tls_fetcher.fetch(ask(server.url, timeout=0.3))
        assert raised.value.reason is Reason.TIMEOUT
        await server.gone()
