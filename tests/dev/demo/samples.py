"""The samples as the demo applies them, and what must become of each. Called by `tests.dev.demo.__main__`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.dev.site.site import DemoSite
from tests.dev.site.tls import certificates
from tests.support.paths import ROOT

FOLDER = ROOT / "manifests" / "samples"
BY_TIME = "by-time"
SITE_PORT = 18080
SITE_URL = f"http://127.0.0.1:{SITE_PORT}"
TLS_PORT = 18084
TLS_URL = f"https://127.0.0.1:{TLS_PORT}"
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
_WITH_SECRETS: Mapping[str, str] = {**_GOOD, "SecretsResolved": "True"}


@dataclass(frozen=True, slots=True)
class Expected:
    """How every run of a sample ends, and which conditions must have which status then."""

    status: str = "SUCCEEDED"
    reason: str = "Succeeded"
    conditions: Mapping[str, str] = field(default_factory=lambda: _GOOD)


EXPECTED: Mapping[str, Expected] = {
    "auth-api-key": Expected(conditions=_WITH_SECRETS),
    "auth-basic": Expected(conditions=_WITH_SECRETS),
    "auth-bearer": Expected(conditions=_WITH_SECRETS),
    "auth-oauth2": Expected(conditions=_WITH_SECRETS),
    "data-policy": Expected(),
    "default-interval": Expected(),
    "detail-pages": Expected(),
    "embedded-json": Expected(),
    "expectations": Expected("PARTIALLY_SUCCEEDED", "ExpectationFailed", {"Ready": "True", "DataHealthy": "False"}),
    "formats": Expected(),
    "history-and-timing": Expected(),
    "html-shop": Expected(),
    "json-api": Expected(),
    "login-cookie": Expected(conditions=_WITH_SECRETS),
    "mtls": Expected(conditions=_WITH_SECRETS),
    "notifications": Expected(),
    "numbers-and-dates": Expected(),
    "overlap": Expected(),
    "pagination": Expected(),
    "policies": Expected(),
    "proxy": Expected(conditions=_WITH_SECRETS),
    "requests": Expected(),
    "retries": Expected(),
    PLATFORMS: Expected(),
    "secret-header": Expected(conditions=_WITH_SECRETS),
    "snapshot": Expected(),
    "several-targets": Expected("PARTIALLY_SUCCEEDED", "HTTPStatus", {"Ready": "True", "TargetsHealthy": "False"}),
    "suspended": Expected(conditions={"Ready": "True", "Scheduled": "False"}),
    "time-zone": Expected(),
    "timeouts": Expected("PARTIALLY_SUCCEEDED", "Timeout", {"Ready": "True", "TargetsHealthy": "False"}),
}


def load(site: DemoSite | None = None, book_urls: Sequence[str] = BOOK_URLS) -> list[dict[str, Any]]:
    """Read all samples that run at once: nobody would see the others run, which wait for a time of day."""
    return read((file for file in sorted(FOLDER.rglob("*.yaml")) if file.parent.name != BY_TIME), site, book_urls)


def read(
    files: Iterable[Path], site: DemoSite | None = None, book_urls: Sequence[str] = BOOK_URLS
) -> list[dict[str, Any]]:
    """Read samples, with these addresses of shop and bookmakers in the place of those that stand in them.

    The Secrets with the certificates of the site come first, since schedules run as soon as they are applied.
    """
    site_urls = (SITE_URL, TLS_URL) if site is None else (site.url, site.tls_url)
    text = "---\n".join(file.read_text(encoding="utf-8") for file in files)
    for expected, url in zip((SITE_URL, TLS_URL, *BOOK_URLS), (*site_urls, *book_urls), strict=True):
        text = text.replace(_authority(expected), _authority(url))
    return [*certificates().secrets(), *(document for document in yaml.safe_load_all(text) if document)]


def _authority(url: str) -> str:
    return url.partition("://")[2]
