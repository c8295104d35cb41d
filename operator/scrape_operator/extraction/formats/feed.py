"""Feeds: RSS 0.9 to 2.0, RDF, Atom by feedparser, and JSON Feed 1.1. Made by `registry`.

An entry is an object {id, title, link, published, updated, summary, content, author, tags, enclosures}, whatever the
feed's format is. Dates are texts as the feed has them.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Final
from urllib.parse import urljoin

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.charsets import decode
from scrape_operator.extraction.formats.json import JMESPathReader, to_utf8
from scrape_operator.extraction.formats.reader import Page, ReaderOptions
from scrape_operator.extraction.formats.xml import end_of_prolog
from scrape_operator.extraction.selectors.regex import compile_for_bytes
from scrape_operator.extraction.values.json_values import read_json

_JSON_FEED: Final = "jsonfeed.org/version/"
_REFERENCE: Final = re.compile(rb"&#([0-9]+|[xX][0-9A-Fa-f]+);?")
_NO_ENTITIES: Final = b"<!--<a-->"
"""feedparser takes entities from all before the first `<` with a letter behind it: so there are none."""

_MAX_DIGITS: Final = 7
_SURROGATES: Final = range(0xD800, 0xE000)
_TAGS: Final = compile_for_bytes(
    rb"(?is)<!--.*?-->|<!\[CDATA\[.*?\]\]>|<!--|<!\[CDATA\[|<(/?)(?:([\w.-]+):)?(rss|rdf|feed|item|entry)(?:\s[^<>]*)?>"
)
_WITHOUT_END: Final = frozenset({b"<!--", b"<![CDATA["})
_ROOTS: Final = frozenset({b"rss", b"rdf", b"feed"})
_ENTRIES: Final = frozenset({b"item", b"entry"})
_PLAIN: Final = ("id", "title", "link", "published", "updated", "summary", "author")


class FeedReader(JMESPathReader):
    """Reads the entries of a feed."""

    format: ClassVar = Format.FEED
    is_bounded: ClassVar = False

    def __init__(self, options: ReaderOptions) -> None:
        """No option concerns feeds."""

    def read(self, document: Document) -> Page:
        """Read a document.

        Raises:
            ScrapeFailed: DecodeError where it is no feed.

        """
        read = _read_json if document.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else _read_xml
        found = read(document)
        return Page(
            root={"entries": found.entries},
            nodes=found.entries,
            base_url=document.url,
            language=found.language,
            machine_mark=None,
            lost=found.lost,
            warnings=[found.warning] if found.warning else [],
        )


@dataclass(frozen=True, slots=True)
class _Feed:
    """What was read of a feed; `lost` is the least number of entries that were not."""

    entries: list[dict[str, Any]]
    language: str
    lost: int = 0
    warning: str = ""


def _read_xml(document: Document) -> _Feed:
    """Return the entries and the language of a feed. Raises ScrapeFailed."""
    text = decode(document.body, document.content_type).lstrip().encode("utf-8", "replace")
    # Without a location feedparser leaves identities as they are. It would make addresses of them.
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        parsed = _feedparser().parse(
            _NO_ENTITIES + _REFERENCE.sub(_character, text[end_of_prolog(text) :]),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise _no_feed(f"{type(error).__name__}: {error}") from None  # feedparser raises many errors for broken feeds
    if not parsed.get("version") and not parsed.entries:
        raise _no_feed(str(parsed.get("bozo_exception", "it is neither RSS, RDF, Atom nor JSON Feed")))
    is_atom = str(parsed.get("version")).startswith("atom")
    entries = [_entry(entry, document.url, is_atom=is_atom) for entry in parsed.entries]
    found = _Feed(entries, str(parsed.feed.get("language") or ""))
    return _whole_entries(found, text) if parsed.bozo else found


def _whole_entries(feed: _Feed, text: bytes) -> _Feed:
    """Return a feed that is not well-formed without its unfinished entry, and say whether entries are missing.

    Raises:
        ScrapeFailed: DecodeError where entries are missing, and none is whole.

    """
    begun, is_open, is_whole = _count_entries(text)
    are_hidden = begun > len(feed.entries)
    if is_whole and not are_hidden:
        return feed
    entries = feed.entries[:-1] if is_open or are_hidden else feed.entries
    fault = "has faults that hide entries" if is_whole else "is cut off, or has a comment or CDATA section without end"
    if not entries:
        raise _no_feed(f"it {fault}, and no entry is whole")
    lost = max(1, begun - len(entries))
    warning = f"the feed {fault}: {len(entries)} entries are read, and at least {lost} missing"
    return replace(feed, entries=entries, lost=lost, warning=warning)


def _count_entries(text: bytes) -> tuple[int, bool, bool]:
    """Return how many entries begin in a feed, whether the last one has no end, and whether the feed has one."""
    begun, is_open = 0, False
    root: tuple[bytes, bytes] | None = None
    for tag in _TAGS.finditer(text):
        if tag[0] in _WITHOUT_END:
            return begun, is_open, False
        is_end, prefix, name = tag[1] == b"/", tag[2] or b"", (tag[3] or b"").lower()
        if name in _ENTRIES and prefix in {b"", root[0] if root else b""}:
            is_open = not is_end and not tag[0].endswith(b"/>")
            begun += not is_end
        elif name in _ROOTS and root is None and not is_end:
            root = prefix, name
        elif root == (prefix, name) and is_end:
            return begun, is_open, True
    return begun, is_open, root is None and not is_open


def _character(reference: re.Match[bytes]) -> bytes:
    """Return a numeric reference as it is, or U+FFFD for one to what is no character."""
    digits = reference[1].lstrip(b"xX0") or b"0"
    base = 16 if reference[1][:1] in b"xX" else 10
    code = int(digits, base) if len(digits) <= _MAX_DIGITS else sys.maxsize
    is_character = 0 < code <= sys.maxunicode and code not in _SURROGATES
    return reference[0] if is_character else b"\xef\xbf\xbd"


@cache
def _feedparser() -> Any:
    """Import feedparser, which takes 10 MB, when the first feed is read."""
    return import_module("feedparser")


def _entry(entry: dict[str, Any], url: str, *, is_atom: bool) -> dict[str, Any]:
    """Return an entry by what the feed has: feedparser itself answers `updated` with the time of publication."""
    found = {name: dict.get(entry, name) or None for name in _PLAIN}
    if "summary_detail" not in entry:
        found["summary"] = None  # feedparser put the content there
    if is_atom and not any(link.get("rel") == "alternate" for link in entry.get("links") or ()):
        found["link"] = None  # feedparser put the identity there
    found["link"] = _absolute(url, found["link"])
    content = next((part.get("value") for part in entry.get("content") or () if part.get("value")), None)
    return {
        **found,
        "content": content,
        "tags": [tag["term"] for tag in entry.get("tags") or () if tag.get("term")],
        "enclosures": [_enclosure(each, url) for each in entry.get("enclosures") or ()],
    }


def _enclosure(given: Mapping[str, Any], url: str) -> dict[str, Any]:
    address = _absolute(url, given.get("href"))
    return {"url": address, "type": given.get("type") or None, "length": given.get("length") or None}


def _absolute(url: str, address: str | None) -> str | None:
    """Return an address as an absolute one, or as it is where it is none."""
    with suppress(ValueError):
        return urljoin(url, address) if address else None
    return address


def _read_json(document: Document) -> _Feed:
    """Return the entries and the language of a JSON Feed. Raises ScrapeFailed."""
    try:
        feed = read_json(to_utf8(document))
    except ValueError as error:
        raise _no_feed(str(error)) from None
    version = feed.get("version") if isinstance(feed, dict) else None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or not (isinstance(version, str) and _JSON_FEED in version):
        raise _no_feed("it is JSON, but no JSON Feed")
    authors = _names(feed)
    entries = [_json_entry(item, authors) for item in items if isinstance(item, dict)]
    return _Feed(entries, str(feed.get("language") or ""))


def _json_entry(item: Mapping[str, Any], feed_authors: str | None) -> dict[str, Any]:
    attachments = item.get("attachments")
    return {
        "id": item.get("id"),
        "title": item.get("title"),
        "link": item.get("url") or item.get("external_url"),
        "published": item.get("date_published"),
        "updated": item.get("date_modified"),
        "summary": item.get("summary"),
        "author": _names(item) or feed_authors,
        "content": item.get("content_html") or item.get("content_text"),
        "tags": _texts(item.get("tags")),
        "enclosures": [
            {"url": each.get("url"), "type": each.get("mime_type"), "length": each.get("size_in_bytes")}
            for each in (attachments if isinstance(attachments, list) else ())
            if isinstance(each, dict)
        ],
    }


def _names(holder: Mapping[str, Any]) -> str | None:
    """Return the names of the authors: `authors` of version 1.1, or `author` of version 1."""
    authors = holder.get("authors") if isinstance(holder.get("authors"), list) else [holder.get("author")]
    names = [author["name"] for author in authors or () if isinstance(author, dict) and author.get("name")]
    return ", ".join(map(str, names)) or None


def _texts(value: object) -> Sequence[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _no_feed(detail: str) -> ScrapeFailed:
    return ScrapeFailed(Reason.DECODE_ERROR, f"the document can't be read as a feed: {detail}"[:300])
