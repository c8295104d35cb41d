"""Responses that are kept for replay."""

import gzip
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from scrape_operator.core.net.documents import Response

LEVEL = 6

CONTENT_TYPE, LINK = "content-type", "link"
"""The headers on which extraction and pagination depend."""


@dataclass(frozen=True, slots=True)
class KeptBody:
    """One response.

    Attributes:
        page: The number of the page, from 0.
        url: The address that answered.
        digest: What identifies the body.
        content: The body, compressed with gzip.
        detail_of: The address of a detail document, as its item links to it; of a response to an adapter its request;
            empty for a page.
        fetched_at: When it was received; None where an earlier version kept it.

    """

    page: int
    url: str
    http_status: int
    content_type: str
    digest: str
    content: bytes = field(repr=False)
    link_header: str = ""
    detail_of: str = ""
    fetched_at: datetime | None = None

    @classmethod
    def pack(cls, page: int, response: Response, at: datetime, detail_of: str = "") -> "KeptBody":
        """Compress a response. It takes about 20 ms a megabyte: do not call it in the event loop."""
        return cls(
            page=page,
            url=response.url,
            http_status=response.status,
            content_type=response.headers.get(CONTENT_TYPE, ""),
            digest=blake2b(response.body, digest_size=20).hexdigest(),
            content=gzip.compress(response.body, LEVEL, mtime=0),
            link_header=response.headers.get(LINK, ""),
            detail_of=detail_of,
            fetched_at=at,
        )

    def unpack(self) -> Response:
        """Return the response."""
        headers = {CONTENT_TYPE: self.content_type, LINK: self.link_header}
        given = {name: value for name, value in headers.items() if value}
        return Response(self.url, self.http_status, given, gzip.decompress(self.content))
