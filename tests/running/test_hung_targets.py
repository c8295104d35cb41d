"""A far side that never comes to an end: the run ends by its deadline all the same, with a result to be stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest

from scrape_operator.clock import SystemClock
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus
from scrape_operator.core.runs.slot import Due
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.running.runner import Runner
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from scrape_operator.settings import Settings
from tests.api.building import HTTP, changed
from tests.support.web import stop_listening

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
DEADLINE = timedelta(milliseconds=300)
DRIP_SECONDS = 0.01


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def never_ends_its_head(writer: asyncio.StreamWriter) -> None:
    await drip(writer, b"HTTP/1.1 200 OK\r\nX-Long: ")


async def gives_a_byte_now_and_then(writer: asyncio.StreamWriter) -> None:
    await drip(writer, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")


async def sends_chunks_without_end(writer: asyncio.StreamWriter) -> None:
    await drip(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")


async def stops_in_the_middle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter, head: bytes, more: bytes = b"x") -> None:
    writer.write(head)
    while True:
        writer.write(more)
        await asyncio.sleep(DRIP_SECONDS)


FAR_SIDES = [
    says_nothing,
    never_ends_its_head,
    gives_a_byte_now_and_then,
    sends_chunks_without_end,
    stops_in_the_middle,
]


@asynccontextmanager
async def far_side(answer: Answer) -> AsyncIterator[str]:
    """Serve it; give its URL."""
    visits: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (ConnectionError, EOFError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        await stop_listening(server)
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await asyncio.sleep(0)  # sockets are closed a moment after


async def run(url: str, stop: "asyncio.Future[Reason] | None" = None) -> RunResult:
    """Run a schedule of two targets at this address, with all that a process has for it."""
    target = changed({f"{HTTP}.url": url})["spec"]["targets"][0]
    obj = changed({"interval": "1h", "targets": [target, {**target, "name": "second"}]})
    obj["metadata"] |= {"uid": "uid", "generation": 1}
    plan = replace(compile_schedule(obj, timedelta(hours=1)), timeout=DEADLINE)
    clock, settings = SystemClock(), Settings(allow_cidrs=(ip_network("127.0.0.0/8"),))
    now = clock.now()
    claim = RunClaim(UUID(int=1), "uid", "default", "hung", 1, Due(now), now, now, "me", now + timedelta(minutes=1))
    extraction = ExtractionPool()
    try:
        async with open_fetcher(settings) as fetcher, asyncio.timeout(30):
            runner = Runner(ScrapingOrchestrator(fetcher, extraction, clock), clock)
            return await runner.run(plan, claim, stop or asyncio.get_running_loop().create_future())
    finally:
        await extraction.aclose()


@pytest.mark.parametrize("answer", [pytest.param(answer, id=answer.__name__) for answer in FAR_SIDES])
async def test_a_hung_target_ends_by_the_deadline_of_its_run(answer: Answer) -> None:
    async with far_side(answer) as url:
        result = await run(url)
    assert (result.status, result.reason) == (RunStatus.FAILED, Reason.TIMEOUT)
    assert [target.reason for target in result.targets] == [Reason.TIMEOUT] * 2
    assert "spec.timeout" in result.message


@pytest.mark.parametrize("answer", [pytest.param(answer, id=answer.__name__) for answer in FAR_SIDES])
async def test_a_hung_target_ends_when_its_run_is_replaced(answer: Answer) -> None:
    stop: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()
    stop.set_result(Reason.REPLACED)
    async with far_side(answer) as url:
        result = await run(url, stop)
    assert (result.status, result.reason) == (RunStatus.CANCELED, Reason.REPLACED)
