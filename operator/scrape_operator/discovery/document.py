"""From one answer to what a schedule could read in it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from lxml import html

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import NotFound, ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.discovery.csv_rows import find_records
from scrape_operator.discovery.html_lists import find_html_lists
from scrape_operator.discovery.json_lists import find_json_lists, find_linked_data, find_rows
from scrape_operator.discovery.manifest import Found
from scrape_operator.discovery.next_links import (
    find_json_next_link,
    find_json_page_param,
    find_next_link,
    find_page_param,
)
from scrape_operator.discovery.proposal import FieldProposal, Proposal
from scrape_operator.extraction.formats.charsets import decode
from scrape_operator.extraction.formats.detection import format_of
from scrape_operator.extraction.formats.feed import FeedReader
from scrape_operator.extraction.formats.jsonld import JSONLDReader
from scrape_operator.extraction.formats.reader import Reader, ReaderOptions
from scrape_operator.extraction.values.json_values import read_json

SAMPLE_LINES = 200
FEED_FIELDS = (("id", "String"), ("title", "String"), ("link", "URL"), ("published", "DateTime"), ("summary", "String"))


def discover(url: str, body: bytes, content_type: str) -> Found:
    """Return what a document holds.

    Raises:
        NotFound: No list of items was found in it.

    """
    match format_of(content_type, body):
        case Format.JSON:
            document = read_json(body)
            link, param = find_json_next_link(document), find_json_page_param(url, document)
            found = Found(url, find_json_lists(document), link, page_param=param)
        case Format.HTML:
            found = _html(url, body, content_type)
        case Format.FEED:
            found = Found(url, _feed(url, body, content_type))
        case Format.NDJSON:
            found = Found(url, find_rows(_lines(body)))
        case Format.CSV:
            found = Found(url, find_records(decode(body, content_type)))
        case other:
            raise NotFound(f"{url} is {other}: init reads HTML, JSON, NDJSON, CSV and feeds; write the extract by hand")
    if not found.proposals:
        raise NotFound(f"{url} has no list of items: write the extract by hand, and try it with scrape-operator test")
    return found


def _html(url: str, body: bytes, content_type: str) -> Found:
    root = html.document_fromstring(decode(body, content_type).encode(), parser=html.HTMLParser(encoding="utf-8"))
    notes = []
    if root.cssselect('script[type="application/ld+json"]'):
        notes.append("The page describes itself in JSON-LD, which changes less often: see format JSONLD.")
    feed = next(iter(root.cssselect('link[type="application/rss+xml"], link[type="application/atom+xml"]')), None)
    if feed is not None and feed.get("href"):
        notes.append(f"The page has a feed, which changes less often: {' '.join(feed.get('href').split())}")
    lists, linked = (
        find_html_lists(root),
        find_linked_data(_objects_in(JSONLDReader(ReaderOptions()), Document(body, url, content_type))),
    )
    param = find_page_param(root) if lists else ""
    return Found(url, [*lists, *linked], find_next_link(root) if lists else None, notes, page_param=param)


def _objects_in(reader: Reader, document: Document) -> Sequence[Mapping[str, Any]]:
    """Return the objects that a reader finds in a document; none if it cannot be read."""
    try:
        return [value for value in reader.read(document).nodes if isinstance(value, Mapping)]
    except ScrapeFailed:
        return ()


def _lines(body: bytes) -> list[object]:
    rows: list[object] = []
    for line in body.splitlines()[:SAMPLE_LINES]:
        with suppress(ValueError):
            rows.append(read_json(line))
    return rows


def _feed(url: str, body: bytes, content_type: str) -> list[Proposal]:
    """Return a proposal with the fields that entries of the feed have."""
    entries = _objects_in(FeedReader(ReaderOptions()), Document(body, url, content_type))
    fields = [
        FieldProposal(name, {"jmespath": name}, type_)
        for name, type_ in FEED_FIELDS
        if any(entry.get(name) for entry in entries)
    ]
    if not fields:
        return []
    key = ("id",) if all(entry.get("id") for entry in entries) else ("link",)
    return [Proposal("Feed", None, fields, key, len(entries), "the entries of the feed")]
