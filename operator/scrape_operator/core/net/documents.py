"""Requests, responses and documents: what fetching gives and extraction takes (Scrapy's words)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from scrape_operator.core.runs.items import JSONValue

UTC_ZONE = ZoneInfo("Etc/UTC")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, everything filled in. `timeout` in seconds covers redirects and the last byte."""

    url: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    params: Sequence[tuple[str, str]] = ()
    timeout: float = 30.0
    max_redirects: int = 5
    max_body_bytes: int = 10 * 2**20
    success_status: Sequence[int | str] = ("2xx",)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: decoded body, final `url` after redirects without fragment."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Traffic:
    """What was sent and received so far: requests with each redirect, bytes of bodies as they were transferred.

    `http_status` is the status of the last answer, or None before the first.
    """

    requests: int = 0
    bytes: int = 0
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A body to extract from, with what its fields may need to know about where it came from."""

    body: bytes
    url: str
    content_type: str = ""
    scheduled_for: datetime | None = None
    fetched_at: datetime | None = None
    time_zone: ZoneInfo = UTC_ZONE


@dataclass(frozen=True, slots=True)
class Extraction:
    """The items of one document, what was dropped, and what a person should know about it.

    `matched` is the number of nodes that the items selector gave; `dropped` those without a
    required field; `missing` counts per field the items that lack it; `warnings` are bounded.
    """

    items: Sequence[Mapping[str, JSONValue]]
    matched: int = 0
    dropped: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
