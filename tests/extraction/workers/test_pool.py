"""The pool with real worker processes."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.workers.costs import SLOW_SECONDS, TRIAL_SECONDS
from scrape_operator.extraction.workers.pool import INLINE_BYTES, ExtractionPool, LaneLimits
from tests.support.waiting import eventually

Compile = Callable[..., CompiledExtract]
Open = Callable[..., Document]

BIG = "<p class='a'> x </p><p>y</p>" + " " * INLINE_BYTES
ENDLESS = {"xpath": "count(//*[count(//*[count(//*) > 1]) > 1])"}
"""A selector that takes libxml2 hours on the document below."""

ENDLESS_PAGE = "<p>" * 5_000
ENDLESS_LANE = LaneLimits(workers=1, seconds=3600, memory_bytes=2**26)
"""A lane in which only other schedules end a document, however slow the machine is."""

FIELDS = ({"css": "p::text", "many": True}, {"value": "FetchedAt"}, {"css": ".a::text", "type": "Integer"})


@pytest.fixture(name="pool")
async def _pool() -> AsyncIterator[ExtractionPool]:
    pool = ExtractionPool()
    yield pool
    await pool.aclose()


def children() -> set[int]:
    """Return the workers that this process has started and that still run; a test run has other children too."""
    started = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in started if b"extraction.worker" in command_line(pid)}


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


async def test_a_worker_reads_what_is_read_inline(pool: ExtractionPool, compiled: Compile, document: Open):
    extract = compiled(*FIELDS)
    before = children()
    small = await pool.extract(extract, document(BIG[:100]))
    assert children() == before
    big = await pool.extract(extract, document(BIG))
    assert len(children() - before) == 1
    assert big == small == extract.extract(document(BIG))
    assert small.items == [{"f0": ["x", "y"], "f1": "2026-11-25T09:30:00Z", "f2": None}]


async def test_a_worker_is_used_again(pool: ExtractionPool, compiled: Compile, document: Open):
    await pool.extract(compiled({"css": "p"}), document(BIG))
    before = children()
    await asyncio.gather(*(pool.extract(compiled({"css": "p"}), document(BIG)) for _ in range(5)))
    assert children() == before


async def test_a_document_that_is_refused_in_a_worker_is_refused(
    pool: ExtractionPool, compiled: Compile, document: Open
):
    with pytest.raises(ScrapeFailed, match="JSON") as caught:
        await pool.extract(compiled({"jmespath": "@"}), document("[" + " " * INLINE_BYTES, "application/json"))
    assert caught.value.reason is Reason.DECODE_ERROR


async def test_a_worker_that_has_refused_a_document_is_used_again(
    pool: ExtractionPool, compiled: Compile, document: Open
):
    """A start takes a hundred times the CPU of such a document, and holds up the lane."""
    await pool.extract(compiled({"css": "p"}), document(BIG))
    before = children()
    for _ in range(3):
        with pytest.raises(ScrapeFailed):
            await pool.extract(compiled({"jmespath": "@"}), document("[" + " " * INLINE_BYTES, "application/json"))
    assert (await pool.extract(compiled({"css": "p"}), document(BIG))).items == [{"f0": "x"}]
    assert children() == before


async def test_a_small_document_that_costs_much_goes_to_a_worker(
    pool: ExtractionPool, compiled: Compile, document: Open
):
    before = children()
    found = await pool.extract(compiled({"css": "li:nth-child(2)"}), document("<ul>" + "<li>x" * 8_000))
    assert found.items == [{"f0": "x"}]
    assert children() != before


async def test_dates_in_words_are_read_in_a_worker(pool: ExtractionPool, compiled: Compile, document: Open):
    before = children()
    found = await pool.extract(compiled({"css": "p", "type": "DateTime"}), document("<p>24 December 2025</p>"))
    assert found.items == [{"f0": "2025-12-24T00:00:00Z"}]
    assert children() != before


async def test_a_document_that_takes_too_long_is_a_timeout_and_its_worker_is_replaced(
    compiled: Compile, document: Open
):
    pool = ExtractionPool(quick=LaneLimits(1, 0.05, 2**26), slow=LaneLimits(1, 0.1, 2**26))
    before = children()
    with pytest.raises(ScrapeFailed, match=r"more than 0\.1 s") as caught:
        await pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE))
    assert caught.value.reason is Reason.TIMEOUT
    await pool.aclose()
    assert children() == before


async def test_a_worker_ends_when_its_caller_is_canceled(pool: ExtractionPool, compiled: Compile, document: Open):
    await pool.extract(compiled({"css": "p"}), document(BIG))
    [worker] = children()
    task = asyncio.create_task(pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE)))
    await eventually(lambda: pool._busy)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await pool.extract(compiled({"css": "p"}), document(BIG))).items == [{"f0": "x"}]
    await pool.aclose()
    assert worker not in children()


async def test_a_worker_that_dies_fails_its_document_and_is_replaced(
    pool: ExtractionPool, compiled: Compile, document: Open
):
    before = children()
    task = asyncio.create_task(pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE)))
    for _ in range(2):
        await eventually(lambda: pool._busy)
        [worker] = children() - before
        os.kill(worker, signal.SIGKILL)
        before.add(worker)
        await eventually(lambda: not pool._busy)
    with pytest.raises(ScrapeFailed, match="broke the parser") as caught:
        await task
    assert caught.value.reason is Reason.EXTRACTION_ERROR
    assert (await pool.extract(compiled({"css": "p"}), document(BIG))).items == [{"f0": "x"}]


async def test_a_document_that_takes_too_much_memory_fails_alone(
    pool: ExtractionPool, compiled: Compile, document: Open
):
    with pytest.raises(ScrapeFailed, match="too much memory") as caught:
        await pool.extract(compiled({"css": "p"}), document("<p>a" * 2_500_000))
    assert caught.value.reason is Reason.EXTRACTION_ERROR
    assert (await pool.extract(compiled({"css": "p"}), document(BIG))).items == [{"f0": "x"}]


async def test_a_library_that_reports_a_lack_of_memory_as_its_own_fault_is_no_defect(compiled: Compile, document: Open):
    """orjson raises SystemError where a list can't be allocated."""
    wide = document("[" + ",".join(["[]"] * 500_000) + "]", "application/json")
    extract = compiled({"jmespath": "a"}, items={"jmespath": "[*]"})
    narrow = LaneLimits(1, 60, 40 * 2**20)
    for pool, message in (
        (ExtractionPool(quick=narrow), "gives 500000 nodes"),
        (ExtractionPool(quick=narrow, slow=narrow), "too much memory"),
    ):
        with pytest.raises(ScrapeFailed, match=message) as caught:
            await pool.extract(extract, wide)
        assert caught.value.reason is Reason.EXTRACTION_ERROR
        await pool.aclose()


@pytest.mark.parametrize(
    ("body", "content_type", "memory_bytes"),
    [
        pytest.param("<r>" + "<a/>" * 400_000 + "</r>", "application/xml", 20 * 2**20, id="parser of XML"),
        pytest.param("<a>\0</a>" * 100_000, "text/html", 30 * 2**20, id="XPath"),
    ],
)
async def test_what_libxml2_has_no_memory_for_in_the_quick_lane_is_read_in_the_slow_one(
    compiled: Compile, document: Open, body: str, content_type: str, memory_bytes: int
):
    """libxml2 reports a lack of memory as an error of the document or of the expression."""
    pool = ExtractionPool(quick=LaneLimits(1, 60, memory_bytes))
    found = await pool.extract(compiled({"xpath": "count(//a)", "type": "Integer"}), document(body, content_type))
    assert found.items == [{"f0": body.count("<a")}]
    await pool.aclose()


async def test_a_machine_that_starts_no_more_processes_fails_the_document(
    pool: ExtractionPool, compiled: Compile, document: Open, monkeypatch: pytest.MonkeyPatch
):
    async def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    with pytest.raises(ScrapeFailed, match="temporarily unavailable") as caught:
        await pool.extract(compiled({"css": "p"}), document(BIG))
    assert caught.value.reason is Reason.EXTRACTION_ERROR


async def test_a_worker_that_dies_while_it_is_looked_at_has_taken_no_time(
    pool: ExtractionPool, compiled: Compile, document: Open, monkeypatch: pytest.MonkeyPatch
):
    def vanish(*_: object, **__: object) -> str:
        raise ProcessLookupError  # /proc/PID/stat was open when the process ended

    monkeypatch.setattr(Path, "read_text", vanish)
    assert (await pool.extract(compiled({"css": "p"}), document(BIG))).items == [{"f0": "x"}]


async def test_a_document_that_exceeds_the_quick_lane_is_read_in_the_slow_one(compiled: Compile, document: Open):
    pool = ExtractionPool(quick=LaneLimits(1, 30, 2**20))
    page = document("<ul>" + "<li>x" * 100_000)
    found = await pool.extract(compiled({"xpath": "count(//li)", "type": "Integer"}), page)
    assert found.items == [{"f0": 100_000}]
    await pool.aclose()


async def test_lanes_are_limited_in_cpu_time(compiled: Compile, document: Open):
    pool = ExtractionPool(quick=LaneLimits(1, 60, 2**26, cpu_seconds=1), slow=LaneLimits(1, 60, 2**26, cpu_seconds=1))
    with pytest.raises(ScrapeFailed, match="more than 1 s") as caught:
        await pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE), "costly")
    assert caught.value.reason is Reason.TIMEOUT
    assert pool._is_slow("costly")
    await pool.aclose()


async def test_a_schedule_with_costly_documents_leaves_the_quick_lane_for_a_while(
    compiled: Compile, document: Open, monkeypatch: pytest.MonkeyPatch
):
    pool = ExtractionPool(quick=LaneLimits(1, 0.05, 2**26), slow=LaneLimits(1, 0.05, 2**26))
    with pytest.raises(ScrapeFailed, match="more than"):
        await pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE), "costly")
    assert pool._is_slow("costly")
    assert not pool._is_slow("other")
    later = pool._now() + SLOW_SECONDS
    monkeypatch.setattr(ExtractionPool, "_now", staticmethod(lambda: later))
    assert not pool._is_slow("costly")
    await pool.aclose()


async def test_costly_documents_of_eight_schedules_do_not_hold_up_others(compiled: Compile, document: Open):
    pool = ExtractionPool(quick=ENDLESS_LANE, slow=ENDLESS_LANE)
    costly = [
        asyncio.create_task(pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE), f"costly{number}"))
        for number in range(8)
    ]
    for size in (30_000, 400_000):
        found = await pool.extract(compiled({"css": "p"}), document("<p>x" + " " * size), "ordinary")
        assert found.items == [{"f0": "x"}]
    assert not any(task.done() for task in costly)
    assert not pool._is_slow("ordinary")
    for task in costly:
        task.cancel()
    await asyncio.wait(costly)
    await pool.aclose()


async def test_a_costly_document_gives_way_once_another_schedule_waits(compiled: Compile, document: Open):
    pool = ExtractionPool(quick=ENDLESS_LANE, slow=ENDLESS_LANE)
    costly = [asyncio.create_task(pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE), "costly")) for _ in range(2)]
    await eventually(lambda: pool._busy)
    [worker] = pool._busy
    while worker.cpu_seconds() < 2 * TRIAL_SECONDS:
        await asyncio.sleep(0.01)
    assert not pool._is_slow("costly")
    await pool.extract(compiled({"css": "p"}), document(BIG), "ordinary")
    assert pool._is_slow("costly")
    assert not any(task.done() for task in costly)
    for task in costly:
        task.cancel()
    await asyncio.wait(costly)
    await pool.aclose()


async def test_a_schedule_whose_runs_end_too_early_for_the_limits_leaves_the_quick_lane(
    compiled: Compile, document: Open
):
    pool = ExtractionPool(quick=ENDLESS_LANE, slow=ENDLESS_LANE)
    while not pool._is_slow("costly"):
        task = asyncio.create_task(pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE), "costly"))
        await eventually(lambda: pool._busy)
        [worker] = pool._busy
        while worker.cpu_seconds() < TRIAL_SECONDS / 2:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
    await pool.aclose()


async def test_a_start_outlives_its_caller_and_the_next_one_takes_the_worker(compiled: Compile, document: Open):
    pool, before = ExtractionPool(quick=ENDLESS_LANE), children()
    task = asyncio.create_task(pool.extract(compiled({"css": "p"}), document(BIG)))
    await eventually(lambda: children() - before)
    started = children() - before
    task.cancel()
    await asyncio.wait([task])
    assert (await pool.extract(compiled({"css": "p"}), document(BIG))).items == [{"f0": "x"}]
    assert children() - before == started
    await pool.aclose()


async def test_closing_ends_a_worker_whose_caller_is_gone(compiled: Compile, document: Open):
    pool, before = ExtractionPool(quick=ENDLESS_LANE), children()
    task = asyncio.create_task(pool.extract(compiled({"css": "p"}), document(BIG)))
    await eventually(lambda: children() - before)
    task.cancel()
    await asyncio.wait([task])
    await pool.aclose()
    assert children() == before


async def test_closing_ends_what_is_being_read(compiled: Compile, document: Open):
    pool = ExtractionPool()
    await pool.extract(compiled({"css": "p"}), document(BIG))
    [worker] = children()
    task = asyncio.create_task(pool.extract(compiled(ENDLESS), document(ENDLESS_PAGE)))
    await eventually(lambda: pool._busy)
    await pool.aclose()
    with pytest.raises(ScrapeFailed):
        await task
    assert worker not in children()


def test_a_worker_imports_little():
    program = "import sys, scrape_operator.extraction.workers.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"kopf", "kubernetes", "sqlalchemy", "aiohttp", "httpx", "asyncio", "dateparser", "prometheus_client"}
    assert heavy.isdisjoint(loaded)
