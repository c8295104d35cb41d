"""The samples as the demo applies them, and what must become of each. Called by `tests.dev.demo.__main__`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.support.paths import ROOT

FOLDER = ROOT / "manifests" / "samples"
BY_TIME = "by-time"
SITE_PORT = 18080
SITE_URL = f"http://127.0.0.1:{SITE_PORT}"
BOOK_PORTS = (18081, 18082, 18083)
BOOK_URLS = tuple(f"http://127.0.0.1:{port}" for port in BOOK_PORTS)
"""Where the samples expect the bookmakers, in the order of `tests.dev.bookmakers.thread`."""
PLATFORMS = "scrape-all-platforms"
MANUAL = "suspended"
"""The sample that runs only when it is asked to."""
MATCH = "81000001"
"""SportRadar's id of a match whose winner all three bookmakers offer odds on."""


_GOOD: Mapping[str, str] = {
    "Ready": "True",
    "LastRunSucceeded": "True",
    "TargetsHealthy": "True",
    "DataHealthy": "True",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """How every run of a sample ends, and which conditions must have which status then."""

    status: str = "SUCCEEDED"
    reason: str = "Succeeded"
    conditions: Mapping[str, str] = field(default_factory=lambda: _GOOD)


EXPECTED: Mapping[str, Expected] = {
    "data-policy": Expected(),
    "default-interval": Expected(),
    "detail-pages": Expected(),
    "embedded-json": Expected(),
    "expectations": Expected("PARTIALLY_SUCCEEDED", "ExpectationFailed", {"Ready": "True", "DataHealthy": "False"}),
    "formats": Expected(),
    "history-and-timing": Expected(),
    "html-shop": Expected(),
    "json-api": Expected(),
    "numbers-and-dates": Expected(),
    "overlap": Expected(),
    "pagination": Expected(),
    "policies": Expected(),
    "requests": Expected(),
    "retries": Expected(),
    PLATFORMS: Expected(),
    "snapshot": Expected(),
    "several-targets": Expected("PARTIALLY_SUCCEEDED", "HTTPStatus", {"Ready": "True", "TargetsHealthy": "False"}),
    "suspended": Expected(conditions={"Ready": "True", "Scheduled": "False"}),
    "time-zone": Expected(),
    "timeouts": Expected("PARTIALLY_SUCCEEDED", "Timeout", {"Ready": "True", "TargetsHealthy": "False"}),
}


def load(site_url: str = SITE_URL, book_urls: Sequence[str] = BOOK_URLS) -> list[dict[str, Any]]:
    """Read the samples, with these addresses of shop and bookmakers in the place of those that stand in them.

    Those that wait for a time of day are left out: nobody would see them run.
    """
    files = [file for file in sorted(FOLDER.rglob("*.yaml")) if file.parent.name != BY_TIME]
    texts = "---\n".join(file.read_text(encoding="utf-8") for file in files)
    for expected, url in zip((SITE_URL, *BOOK_URLS), (site_url, *book_urls), strict=True):
        texts = texts.replace(expected, url)
    return [document for document in yaml.safe_load_all(texts) if document]
