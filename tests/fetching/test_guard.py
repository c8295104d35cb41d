import socket
from dataclasses import replace

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.addresses import BlockedAddress
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.guard import MAX_ADDRESSES, GuardedResolver, guarded_sockets
from scrape_operator.settings import Settings
from tests.fetching.servers import answering, ok, redirect, serving
from tests.support.fetching import open_session


def ask(url, **changes):
    return replace(Request(url, timeout=20.0), **changes)


async def blocked(fetcher, url):
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(ask(url))
    assert raised.value.reason is Reason.BLOCKED_ADDRESS
    return raised.value


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b:1::127.0.0.1]",
        "169.254.169.254",
        "0.0.0.0",
        "10.0.0.1",
    ],
)
async def test_nothing_inward_is_connected_to_by_default(trusting, host):
    async with serving(answering(ok(b"secret"))) as server, open_session(Settings(), ssl_context=trusting) as fetcher:
        await blocked(fetcher, server.url.replace("127.0.0.1", host))
        assert fetcher.traffic.requests == 0
    assert server.connections == 0


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200"]
)
async def test_metadata_is_refused_whatever_is_allowed(trusting, host):
    async with open_session(Settings(allow_cidrs="0.0.0.0/0,::/0"), ssl_context=trusting) as fetcher:
        assert "metadata" in (await blocked(fetcher, f"http://{host}/latest/meta-data/")).message


async def test_an_allowed_network_is_connected_to(guarded):
    async with serving(answering(ok(b"x"))) as server:
        assert (await guarded.fetch(ask(server.url))).body == b"x"
        mapped = server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
        assert (await guarded.fetch(ask(mapped))).body == b"x"


async def test_a_redirect_to_a_denied_address_is_refused(guarded):
    async with (
        serving(answering(ok(b"secret")), host="127.0.0.2") as inner,
        serving(answering(redirect(inner.url))) as server,
    ):
        failed = await blocked(guarded, server.url)
    assert inner.connections == 0
    assert guarded.traffic.requests == 1
    assert "127.0.0.2" in failed.message


async def test_denied_addresses_of_a_name_are_skipped(guarded, monkeypatch):
    async with serving(answering(ok(b"x"))) as server:
        port = int(server.url.rpartition(":")[2])
        answers = ["10.0.0.1", "169.254.169.254", "127.0.0.2", "127.0.0.1"]
        monkeypatch.setattr(socket, "getaddrinfo", resolving({"mixed.example": answers}))
        assert (await guarded.fetch(ask(f"http://mixed.example:{port}/"))).body == b"x"
    assert b"host: mixed.example:" in server.heads[0].lower()


async def test_a_name_with_denied_addresses_alone_is_blocked(guarded, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", resolving({"inner.example": ["10.0.0.1", "fd00::1"]}))
    failed = await blocked(guarded, "http://inner.example/")
    assert failed.message.startswith("inner.example ")
    assert "10.0.0.1" in failed.message


async def test_a_name_that_is_rebound_is_judged_at_the_socket():
    make = guarded_sockets(())
    for address in ("127.0.0.1", "::1", "127.1", "fe80::1%lo"):
        with pytest.raises(BlockedAddress):
            make((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)))


async def test_of_very_many_addresses_a_few_are_tried(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", resolving({"many.example": [f"9.9.9.{n}" for n in range(100)]}))
    resolver = GuardedResolver(())
    found = await resolver.resolve("many.example", 80)
    await resolver.close()
    assert len(found) == MAX_ADDRESSES


def resolving(names):
    """Stand in for DNS, which has no such names; addresses go to the real resolver."""
    real = socket.getaddrinfo

    def look_up(host, port, *rest, **named):
        if host not in names:
            return real(host, port, *rest, **named)
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in names[host]]

    return look_up
