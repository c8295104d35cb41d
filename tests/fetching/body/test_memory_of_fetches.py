"""Bodies that wait for memory, over real sockets: nothing else waits for them."""

import asyncio

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.body.memory import BodyMemory, BodyReservation
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.settings import Settings
from tests.fetching.hosts.visiting import is_free
from tests.fetching.servers import ok, serving
from tests.support.fetching import requester, session_of
from tests.support.waiting import eventually

MIB = 2**20
BIG = bytes(3 * MIB)
MEDIUM = bytes(MIB // 2)


async def pages(head, writer):
    path = head.split()[1]
    if path == b"/chunked":
        chunk = b"80000\r\n" + MEDIUM + b"\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + 6 * chunk + b"0\r\n\r\n")
    else:
        writer.write(ok({b"/big": BIG, b"/medium": MEDIUM}.get(path, b"small")))


def paths(server):
    return [head.split()[1].decode() for head in server.heads]


@pytest.fixture
async def held(trusting):
    """Return a fetcher with one turn per host, its hosts, and the reservation that holds all memory of big bodies."""
    memory, hosts = BodyMemory(8 * MIB), HostBudgets(HostBudget(1))
    holder = BodyReservation(memory)
    await holder.cover(2 * MIB, 4 * MIB)
    settings = Settings(allow_cidrs="127.0.0.0/8")
    async with open_fetcher(settings, ssl_context=trusting, hosts=hosts, memory=memory) as fetcher:
        yield fetcher, hosts, holder


@pytest.mark.parametrize("path", ["/big", "/chunked"])
async def test_a_body_that_waits_for_memory_keeps_no_turn_of_its_host(held, path):
    fetcher, hosts, holder = held
    async with serving(pages) as server:
        authority = server.url.removeprefix("http://")
        big = asyncio.ensure_future(session_of(fetcher, "a").fetch(Request(server.url + path)))
        await eventually(lambda: server.heads)
        for number in range(3):
            assert (await session_of(fetcher, "b").fetch(Request(f"{server.url}/{number}"))).body == b"small"
        assert await is_free(hosts, requester("c"), authority)
        assert not big.done()
        holder.release()
        assert (await big).body == BIG
        assert paths(server) == [path, "/0", "/1", "/2", path]


async def test_what_must_not_be_sent_twice_waits_with_its_turn(held):
    fetcher, hosts, holder = held
    async with serving(pages) as server:
        session = session_of(fetcher)
        big = asyncio.ensure_future(session.fetch(Request(server.url + "/big", method="POST")))
        await eventually(lambda: server.heads)
        assert not await is_free(hosts, requester("c"), server.url.removeprefix("http://"))
        holder.release()
        assert (await big).body == BIG
        assert (len(server.heads), session.traffic.requests) == (1, 1)


async def test_the_wait_ends_with_the_run_and_holds_nothing(held):
    fetcher, hosts, holder = held
    async with serving(pages) as server:
        with pytest.raises(ScrapeFailed) as raised:
            await session_of(fetcher, seconds=0.3).fetch(Request(server.url + "/big"))
        assert (raised.value.reason, len(server.heads)) == (Reason.TIMEOUT, 1)
        assert "memory for bodies" in raised.value.message
        assert await is_free(hosts, requester("c"), server.url.removeprefix("http://"))
        holder.release()
        for _ in range(3):
            assert (await session_of(fetcher).fetch(Request(server.url + "/big"))).body == BIG


async def test_a_request_that_waits_for_its_turn_again_gives_back_its_memory_when_it_ends(held):
    fetcher, hosts, holder = held
    async with serving(pages) as server:
        authority = server.url.removeprefix("http://")
        big = asyncio.ensure_future(session_of(fetcher, "a").fetch(Request(server.url + "/big")))
        await eventually(lambda: server.heads)
        turn = await hosts.take(authority, requester("b"), 10.0)
        holder.release()
        await eventually(lambda: hosts.waiting)
        big.cancel()
        with pytest.raises(asyncio.CancelledError):
            await big
        with turn:
            pass
        await BodyReservation(fetcher._memory, is_repeatable=True).cover(2 * MIB, 4 * MIB)
