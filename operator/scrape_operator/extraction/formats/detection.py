"""Finds the format of a document. Called by `extractor` for `format: Auto`."""

from functools import lru_cache
from typing import Final

from scrape_operator.api.kinds.extract import Format
from scrape_operator.extraction.selectors.regex import compile_for_bytes

_BY_TYPE: Final = {
    "text/html": Format.HTML,
    "application/xhtml+xml": Format.HTML,
    "text/xml": Format.XML,
    "application/xml": Format.XML,
    "application/rss+xml": Format.FEED,
    "application/atom+xml": Format.FEED,
    "application/rdf+xml": Format.FEED,
    "application/feed+json": Format.FEED,
    "application/json": Format.JSON,
    "text/json": Format.JSON,
    "text/javascript": Format.JSON,
    "application/javascript": Format.JSON,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "application/jsonlines": Format.NDJSON,
    "application/x-jsonlines": Format.NDJSON,
    "application/json-seq": Format.NDJSON,
    "text/csv": Format.CSV,
    "application/csv": Format.CSV,
    "text/tab-separated-values": Format.CSV,
}
_SAYS_NOTHING: Final = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
_HEAD: Final = 65_536
_CACHED_TYPES: Final = 256

_LEADING: Final = compile_for_bytes(rb"^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\x00]*")
_SEVERAL_LINES: Final = compile_for_bytes(rb"^[\[{][^\r\n]*[\]}][ \t]*\r?\n\s*[\[{]")
_PROLOGUE: Final = compile_for_bytes(rb"(?s)^(?:<\?.*?\?>|<!--.*?-->|\s+)*")
_FEED: Final = compile_for_bytes(rb"(?i)^<(?:rss|feed|rdf:rdf)[\s>]")
_XHTML: Final = compile_for_bytes(rb"(?i)^<(?:!doctype\s+html|html)[\s>]")
_HTML: Final = compile_for_bytes(
    rb"(?i)^<(?:head|title|meta|link|base|body|script|style|iframe|header|nav|main|section|article|aside|footer|h[1-6]"
    rb"|div|span|p|a|b|i|em|strong|font|br|hr|img|pre|ul|ol|li|dl|dt|dd|table|thead|tbody|tr|th|td|form|center)[\s/>]"
)


def format_of(content_type: str, body: bytes) -> Format:
    """Return a document's format: by its content type, and by its first bytes where that says nothing."""
    media_type = _media_type(content_type)
    if media_type in _SAYS_NOTHING:
        return _sniff(body[:_HEAD])
    if media_type in _BY_TYPE:
        return _BY_TYPE[media_type]
    if media_type.endswith("+json"):
        return Format.JSON
    if media_type.endswith("+xml"):
        return Format.XML
    return Format.TEXT if media_type.startswith("text/") else _sniff(body[:_HEAD])


def looks_like_json(content_type: str, body: bytes) -> bool:
    """Return whether a document begins as a JSON object or list does, or is JSON by its type and begins with no tag."""
    first = _LEADING.sub(b"", body[:_HEAD])[:1]
    return first in {b"{", b"["} or (first != b"<" and format_of(content_type, body) in {Format.JSON, Format.NDJSON})


@lru_cache(_CACHED_TYPES)
def _media_type(content_type: str) -> str:
    """Return the media type. Of several the last valid one counts, as in browsers (Fetch, 2.2.2)."""
    types = [part.partition(";")[0].strip().lower() for part in content_type.split(",")]
    return next((name for name in reversed(types) if "/" in name and name != "*/*"), types[0])


def _sniff(head: bytes) -> Format:
    # Of UTF-16, whose byte order mark goes here, only the ASCII characters matter.
    head = _LEADING.sub(b"", head).replace(b"\0", b"")
    if head[:1] in {b"{", b"["}:
        return Format.NDJSON if _SEVERAL_LINES.search(head) else Format.JSON
    first_tag = _PROLOGUE.sub(b"", head)
    if _FEED.search(first_tag):
        return Format.FEED
    if _XHTML.search(first_tag) or (_HTML.search(first_tag) and not head.startswith(b"<?xml")):
        return Format.HTML
    return Format.XML if head.startswith(b"<") else Format.TEXT
