"""What the tests of extraction share: compiling a spec, and reading a body by it.

Items without any field are kept, so that a test can look at one field; test_items.py tests that they are none.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.api.kinds.extract import Extract
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.extraction.compiling import PageSpec, compile_page
from scrape_operator.extraction.extractor import CompiledExtract

FETCHED = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
URL = "https://shop.example/list/page?n=1"

Compile = Callable[..., CompiledExtract]
Open = Callable[..., Document]
Read = Callable[..., PageExtraction]


@pytest.fixture(name="compiled", scope="session")
def _compiled() -> Compile:
    def compiled(*fields: dict[str, Any], **extract: Any) -> CompiledExtract:
        named = [{"name": f"f{index}", **field} for index, field in enumerate(fields)]
        spec = PageSpec(extract=Extract.model_validate({"fields": named, **extract}), keeps_empty_items=True)
        found, findings = compile_page(spec, "")
        assert found is not None, findings
        return found

    return compiled


@pytest.fixture(name="document", scope="session")
def _document() -> Open:
    def document(body: str | bytes, content_type: str = "text/html", url: str = URL, zone: str = "Etc/UTC") -> Document:
        return Document(
            body=body.encode() if isinstance(body, str) else body,
            url=url,
            content_type=content_type,
            scheduled_for=DUE,
            fetched_at=FETCHED,
            time_zone=ZoneInfo(zone),
        )

    return document


@pytest.fixture(name="read", scope="session")
def _read(compiled: Compile, document: Open) -> Read:
    def read(
        body: str | bytes, *fields: dict[str, Any], content_type: str = "text/html", **extract: Any
    ) -> PageExtraction:
        return compiled(*fields, **extract).extract(document(body, content_type))

    return read
