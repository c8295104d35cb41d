"""From one answer to what a schedule could read in it."""

from lxml import html

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import InvalidValue
from scrape_operator.discovery.html_lists import find_html_lists
from scrape_operator.discovery.json_lists import find_json_lists
from scrape_operator.discovery.manifest import Found
from scrape_operator.discovery.next_links import find_json_next_link, find_next_link
from scrape_operator.discovery.proposal import FieldProposal, Proposal
from scrape_operator.extraction.formats.charsets import decode
from scrape_operator.extraction.formats.detection import format_of
from scrape_operator.extraction.values.json_values import read_json

FEED_FIELDS = (("title", "String"), ("link", "URL"), ("published", "DateTime"), ("summary", "String"))


def discover(url: str, body: bytes, content_type: str) -> Found:
    """Return what a document holds.

    Raises:
        InvalidValue: No list of items was found in it.

    """
    match format_of(content_type, body):
        case Format.JSON:
            document = read_json(body)
            found = Found(url, find_json_lists(document), find_json_next_link(document))
        case Format.HTML:
            found = _html(url, body, content_type)
        case Format.FEED:
            found = Found(url, [_feed()])
        case other:
            raise InvalidValue(f"{url} is {other}: init reads HTML, JSON and feeds; write the extract by hand")
    if not found.proposals:
        raise InvalidValue(
            f"{url} has no list of items: write the extract by hand, and try it with scrape-operator test"
        )
    return found


def _html(url: str, body: bytes, content_type: str) -> Found:
    root = html.document_fromstring(decode(body, content_type).encode(), parser=html.HTMLParser(encoding="utf-8"))
    notes = []
    if root.cssselect('script[type="application/ld+json"]'):
        notes.append("The page describes itself in JSON-LD, which changes less often: see format JSONLD.")
    feed = next(iter(root.cssselect('link[type="application/rss+xml"], link[type="application/atom+xml"]')), None)
    if feed is not None and feed.get("href"):
        notes.append(f"The page has a feed, which changes less often: {' '.join(feed.get('href').split())}")
    return Found(url, find_html_lists(root), find_next_link(root), notes)


def _feed() -> Proposal:
    fields = [FieldProposal(name, {"jmespath": name}, type_) for name, type_ in FEED_FIELDS]
    id_ = FieldProposal("id", {"jmespath": "id"})
    return Proposal("Feed", None, [id_, *fields], ("id",), 0, "the entries of the feed")
