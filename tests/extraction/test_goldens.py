"""Documents as sites send them, and the items that each gives: two per format at least, and big ones made by code.

A golden is a body and a YAML file beside it: content type, extract, items, and what the warnings say. The data are
invented, the forms are real: byte order marks, wrong labels, right-to-left scripts, broken markup.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import yaml

from scrape_operator.api.kinds.extract import Extract
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.keys import key_items
from scrape_operator.extraction.compiling import PageSpec, compile_page
from scrape_operator.extraction.workers.pool import ExtractionPool
from tests.extraction.big_documents import BIG

FOLDER = Path(__file__).parent / "goldens"
GOLDENS = sorted(FOLDER.glob("*.yaml"))
URL = "https://site.example/data/list"
FETCHED = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ExtractionPool]:
    """The workers for all documents: a start of one costs a second of CPU time."""
    opened = ExtractionPool()
    yield opened
    await opened.aclose()


async def read(
    pool: ExtractionPool, extract: Mapping[str, Any], body: bytes, content_type: str, zone: str = "Etc/UTC"
) -> tuple[PageExtraction, list[Mapping[str, Any]]]:
    """Read a document as a run does: in a worker process unless it is small. Return what was read, and the items."""
    spec = Extract.model_validate(extract)
    compiled, findings = compile_page(PageSpec(extract=spec), "spec.targets[0]")
    assert compiled is not None, findings
    document = Document(body, URL, content_type, fetched_at=FETCHED, time_zone=ZoneInfo(zone))
    found = await pool.extract(compiled, document, requester=uuid4().hex)  # costs of a schedule decide on its lane
    keyed = key_items(found.items, spec.key or ())
    assert (keyed.duplicates, keyed.keyless) == (0, 0)
    return found, [item.data for item in keyed.items]


def load(path: Path) -> tuple[dict[str, Any], bytes]:
    return yaml.safe_load(path.read_text(encoding="utf-8")), path.with_suffix(".body").read_bytes()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in GOLDENS])
async def test_a_golden_gives_its_items(pool: ExtractionPool, path: Path) -> None:
    golden, body = load(path)
    zone = golden.get("timeZone", "Etc/UTC")
    found, items = await read(pool, golden["extract"], body, golden["contentType"], zone)
    assert items == golden["items"]
    assert found.dropped == golden.get("dropped", 0)
    expected = golden.get("warnings", ())
    assert [each for each in expected if not any(each in warning for warning in found.warnings)] == []
    assert len(found.warnings) == len(expected), found.warnings


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", BIG)
async def test_a_big_document_gives_all_of_its_items(pool: ExtractionPool, name: str) -> None:
    big = BIG[name]
    found, items = await read(pool, big.extract, big.body(), big.content_type)
    assert len(items) == big.count
    for number, item in enumerate(items):
        assert item == big.item(number)
    assert list(found.warnings) == []


def formats_of_goldens() -> Iterator[str]:
    for path in GOLDENS:
        yield path.stem.partition("-")[0]


def test_there_are_enough_goldens_of_each_format() -> None:
    stems = list(formats_of_goldens())
    formats = ("html", "xml", "json", "ndjson", "csv", "feed", "jsonld", "text", "embedded", "auto")
    assert {name for name in formats if stems.count(name) < 2} == set()
    assert len(GOLDENS) + len(BIG) >= 41
