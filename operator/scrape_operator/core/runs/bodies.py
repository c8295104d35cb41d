"""Responses that are kept for replay."""

import gzip
from dataclasses import dataclass, field
from hashlib import blake2b

LEVEL = 6


@dataclass(frozen=True, slots=True)
class KeptBody:
    """One response. `page` counts from 0; `content` is its body, compressed with gzip, and `digest` identifies it."""

    page: int
    url: str
    http_status: int
    content_type: str
    digest: str
    content: bytes = field(repr=False)

    @classmethod
    def pack(cls, page: int, url: str, http_status: int, content_type: str, body: bytes) -> "KeptBody":
        """Compress a body. It takes about 20 ms a megabyte: do not call it in the event loop."""
        digest = blake2b(body, digest_size=20).hexdigest()
        return cls(page, url, http_status, content_type, digest, gzip.compress(body, LEVEL, mtime=0))

    def unpack(self) -> bytes:
        """Return the body."""
        return gzip.decompress(self.content)
