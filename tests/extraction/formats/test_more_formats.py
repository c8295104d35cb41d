"""XML, NDJSON, CSV, Feed, JSONLD, Text and embedded documents: a table of documents with the items that they give."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from scrape_operator.api.kinds.extract import Extract
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.extraction.compiling import PageSpec, compile_page

URL = "https://site.example/data/list"

XML = (
    '<?xml version="1.0" encoding="iso-8859-1"?>'
    '<!DOCTYPE r [<!ENTITY x "boom"><!ENTITY y SYSTEM "file:///etc/passwd"> <!-- ] > -->]>'
    '<r xmlns:d="urn:d"><i id="1"><d:t>A &amp; B</d:t><n>Zoé</n></i>'
    '<i id="&x;"><d:t>&x;tail</d:t><n>&y;</n></i></r>'
).encode("latin-1")

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>c</title><item>
<title>One &amp; two</title><link>https://h.example/1</link><guid isPermaLink="false">g1</guid>
<pubDate>Mon, 06 Sep 2021 00:01:00 +0000</pubDate><category>x</category><category>y</category>
<enclosure url="https://h.example/e.mp3" type="audio/mpeg" length="12"/>
<description>&lt;a href="/p"&gt;Hi&lt;/a&gt;</description></item></channel></rss>"""

RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<item rdf:about="https://h.example/r"><title>R</title><link>https://h.example/r</link>
<dc:date>2020-01-01T00:00:00Z</dc:date><dc:creator>Ann</dc:creator></item></rdf:RDF>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/"><entry><id>urn:i1</id>
<title type="html">A &lt;b&gt;b&lt;/b&gt;</title><link rel="self" href="/self"/><link rel="alternate" href="/alt"/>
<published>2020-01-01T00:00:00Z</published><updated>2020-01-02T00:00:00Z</updated><author><name>Zoe</name></author>
<content type="html">text</content></entry></feed>"""

JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "authors": [{"name": "Quinn"}],
    "items": [
        {"id": "1", "url": "https://h.example/1", "content_text": "t", "date_published": "2020-01-01T00:00:00Z"},
        {"id": "2", "author": {"name": "Rae"}, "attachments": [{"url": "https://h.example/a", "mime_type": "a/b"}]},
    ],
}

STRUCTURED = """<html><body>
<script type="application/ld+json">{"@graph":[{"@type":"Product","name":"A
B","offers":{"price":"1.5"}},{"@type":"Thing"}]}</script>
<script type="application/ld+json">{broken</script>
<script type="application/ld+json"></script>
<script type="application/ld+json"><!-- [{"@type":"Inner"}] --></script>
<div itemscope itemtype="https://schema.org/Product"><span itemprop="name">Micro</span>
<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="9"></div></div>
<div vocab="http://schema.org/" typeof="Product"><span property="name">Rdf</span></div>
<meta property="og:title" content="Open Graph"></body></html>"""


@dataclass(frozen=True)
class Case:
    extract: Mapping[str, Any]
    body: bytes | str | Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]
    content_type: str = ""
    warning: str = ""
    dropped: int = 0


def fields(kind: str, *names: str) -> list[dict[str, Any]]:
    """Fields by selector: `name=selector`, or one text that is both."""
    return [{"name": name.partition("=")[0], kind: name.rpartition("=")[2]} for name in names]


ENTRY = fields("jmespath", "id", "title", "link", "published", "updated", "summary", "content", "author")

CASES: dict[str, Case] = {
    "CSV: the delimiter is found, quotes and CRLF": Case(
        {"format": "CSV", "fields": fields("column", "a", "b")},
        'a;b\r\n1;2,5\r\n"x;y";3\r\n',
        [{"a": "1", "b": "2,5"}, {"a": "x;y", "b": "3"}],
    ),
    "CSV: tabs and CR without a header": Case(
        {
            "format": "CSV",
            "csv": {"header": False},
            "fields": [{"name": "a", "column": 1}, {"name": "b", "column": "2"}],
        },
        "x\ty\rz\tw\r",
        [{"a": "x", "b": "y"}, {"a": "z", "b": "w"}],
    ),
    "CSV: line ends and doubled quotes inside quotes, a short record, blank lines": Case(
        {"format": "CSV", "fields": fields("column", "a", "b")},
        'a,b\n\n"one\ntwo","say ""hi"""\nshort\n\n',
        [{"a": "one\ntwo", "b": 'say "hi"'}, {"a": "short", "b": None}],
    ),
    "CSV: of equal names the first counts; a BOM is no part of the first name": Case(
        {"format": "CSV", "fields": fields("column", "a")},
        b"\xef\xbb\xbfa,a\n1,2\n",
        [{"a": "1"}],
    ),
    "CSV: encoding and delimiter by the spec": Case(
        {
            "format": "CSV",
            "csv": {"encoding": "windows-1251", "delimiter": "|"},
            "fields": fields("column", "n=имя"),
        },
        "имя|b\nлишь|2\n".encode("cp1251"),
        [{"n": "лишь"}],
    ),
    "CSV: a comma inside texts does not win over the real delimiter": Case(
        {"format": "CSV", "fields": fields("column", "name", "n")},
        "name|n\nSmith, John|1\nDoe, Jane, Dr|2\n",
        [{"name": "Smith, John", "n": "1"}, {"name": "Doe, Jane, Dr", "n": "2"}],
    ),
    "CSV: the first line states the delimiter, as files for Excel do": Case(
        {"format": "CSV", "fields": fields("column", "a", "b")},
        b"\xef\xbb\xbfsep=;\r\na;b\r\n1,5;2,5\r\n",
        [{"a": "1,5", "b": "2,5"}],
    ),
    "CSV: an unknown column is named with those that are there": Case(
        {"format": "CSV", "fields": fields("column", "a", "zz")},
        "a,b\n1,2\n",
        [{"a": "1", "zz": None}],
        warning="the header has no column 'zz': it has 'a', 'b'",
    ),
    "CSV by content type": Case({"fields": fields("column", "a")}, "a,b\n1,2", [{"a": "1"}], "text/csv"),
    "NDJSON: blank lines, CRLF, a broken line": Case(
        {"format": "NDJSON", "fields": fields("jmespath", "a")},
        '{"a":"1"}\r\n\r\n{"a":"2"}\n{broken\n',
        [{"a": "1"}, {"a": "2"}],
        warning="line 4 can't be read as JSON",
        dropped=1,
    ),
    "NDJSON: items inside lines, and a JSON text sequence": Case(
        {"format": "NDJSON", "items": {"jmespath": "[*].xs[]"}, "fields": fields("jmespath", "a")},
        '\x1e{"xs":[{"a":"1"},{"a":"2"}]}\n\x1e{"xs":[{"a":"3"}]}',
        [{"a": "1"}, {"a": "2"}, {"a": "3"}],
    ),
    "Text: a match for each item": Case(
        {
            "format": "Text",
            "items": {"regex": r"(?m)^(?P<k>\w+): (\d+)$"},
            "fields": [{"name": "k", "group": "k"}, {"name": "v", "group": 2, "type": "Integer"}],
        },
        "a: 1\nb: 2\nc: x\n",
        [{"k": "a", "v": 1}, {"k": "b", "v": 2}],
    ),
    "Text: the document is the item": Case(
        {
            "format": "Text",
            "fields": [{"name": "v", "regex": r"total (\d+)"}, {"name": "all", "regex": r"\d+", "many": True}],
        },
        "total 12 of 13",
        [{"v": "12", "all": ["12", "13"]}],
    ),
    "Text: a regex inside a match": Case(
        {
            "format": "Text",
            "items": {"regex": r"<[^>]*>"},
            "fields": [{"name": "n", "regex": r"n=(\w+)"}],
        },
        "<n=one> <m=x> <n=two>",
        [{"n": "one"}, {"n": "two"}],
        warning="1 of 3 nodes have none of the fields, and give no item",
    ),
    "XML: encoding, namespaces, css without, and no entity is expanded": Case(
        {
            "format": "XML",
            "namespaces": [{"prefix": "q", "uri": "urn:d"}],
            "items": {"css": "i"},
            "fields": [
                {"name": "t", "xpath": "q:t/text()"},
                {"name": "n", "css": "n::text"},
                {"name": "id", "css": "::attr(id)"},
            ],
        },
        XML,
        [{"t": "A & B", "n": "Zoé", "id": "1"}, {"t": "tail", "n": None, "id": None}],
        warning="entities are not expanded",
    ),
    "Feed: RSS 2.0": Case(
        {"format": "Feed", "fields": [*ENTRY, {"name": "tags", "jmespath": "tags", "many": True}]},
        RSS,
        [
            {
                "id": "g1",
                "title": "One & two",
                "link": "https://h.example/1",
                "published": "Mon, 06 Sep 2021 00:01:00 +0000",
                "updated": None,
                "summary": '<a href="/p">Hi</a>',
                "content": None,
                "author": None,
                "tags": ["x", "y"],
            }
        ],
    ),
    "Feed: an enclosure": Case(
        {"format": "Feed", "fields": [{"name": "e", "jmespath": "enclosures[0]", "type": "JSON"}]},
        RSS,
        [{"e": {"url": "https://h.example/e.mp3", "type": "audio/mpeg", "length": "12"}}],
    ),
    "Feed: RDF": Case(
        {"format": "Feed", "fields": fields("jmespath", "title", "link", "author")},
        RDF,
        [{"title": "R", "link": "https://h.example/r", "author": "Ann"}],
    ),
    "Feed: Atom; the link is the alternate one": Case(
        {"fields": ENTRY},
        ATOM,
        [
            {
                "id": "urn:i1",
                "title": "A <b>b</b>",
                "link": "https://base.example/alt",
                "published": "2020-01-01T00:00:00Z",
                "updated": "2020-01-02T00:00:00Z",
                "summary": None,
                "content": "text",
                "author": "Zoe",
            }
        ],
        "application/atom+xml",
    ),
    "Feed: an identity stays as it is, addresses become absolute": Case(
        {"format": "Feed", "fields": fields("jmespath", "id", "link", "e=enclosures[0].url")},
        '<rss version="2.0"><channel><item><guid isPermaLink="false">g1</guid><link>/a</link><enclosure url="b.mp3"/>'
        "</item></channel></rss>",
        [{"id": "g1", "link": "https://site.example/a", "e": "https://site.example/data/b.mp3"}],
    ),
    "Feed: an Atom entry without alternate link has none": Case(
        {"format": "Feed", "fields": fields("jmespath", "id", "link")},
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>https://h.example/1</id><link rel="self" href="/s"/>'
        '<link rel="enclosure" href="/e"/></entry><entry><id>i2</id><link rel="replies" href="/r"/><link href="/2"/>'
        "</entry></feed>",
        [{"id": "https://h.example/1", "link": None}, {"id": "i2", "link": "https://site.example/2"}],
    ),
    "Feed: the language of the feed settles ambiguous numbers": Case(
        {"format": "Feed", "fields": [{"name": "v", "jmespath": "title", "type": "Decimal"}]},
        '<rss version="2.0"><channel><language>de-DE</language><item><title>1.234</title></item></channel></rss>',
        [{"v": "1234"}],
    ),
    "Feed: JSON Feed": Case(
        {"fields": [*fields("jmespath", "id", "link", "author"), *fields("jmespath", "e=enclosures[0].type")]},
        JSON_FEED,
        [
            {"id": "1", "link": "https://h.example/1", "author": "Quinn", "e": None},
            {"id": "2", "link": None, "author": "Rae", "e": "a/b"},
        ],
        "application/feed+json",
    ),
    "JSONLD: graphs, lists, control characters, microdata and RDFa; broken scripts spoil nothing": Case(
        {"format": "JSONLD", "fields": fields("jmespath", 'type="@type"', "name", "price=offers.price")},
        STRUCTURED,
        [
            {"type": "Product", "name": "A\nB", "price": "1.5"},
            {"type": "Thing", "name": None, "price": None},
            {"type": "Inner", "name": None, "price": None},
            {"type": "Product", "name": "Micro", "price": "9"},
            {"type": "Product", "name": "Rdf", "price": None},
        ],
        warning="script 2 has no JSON-LD that can be read",
    ),
    "embedded: JSON in a script": Case(
        {
            "embedded": {"css": "script#d::text"},
            "items": {"jmespath": "items"},
            "fields": [{"name": "a", "jmespath": "a"}, {"name": "u", "jmespath": "u", "type": "URL"}],
        },
        '<html><base href="/shop/"><script id=d>{"items":[{"a":"1","u":"x"},{"a":"2","u":"y"}]}</script></html>',
        [{"a": "1", "u": "https://site.example/shop/x"}, {"a": "2", "u": "https://site.example/shop/y"}],
        "text/html",
    ),
    "embedded: a JavaScript literal, chosen by a regex": Case(
        {
            "embedded": {"xpath": "//script/text()", "regex": r"(?s)data = (\{.*?\});"},
            "items": {"jmespath": "items"},
            "fields": fields("jmespath", "a"),
        },
        "<html><script>var data = {items: [{a: 'x',}, {a: \"y\"}]}; more()</script></html>",
        [{"a": "x"}, {"a": "y"}],
        "text/html",
    ),
    "embedded: another format than JSON": Case(
        {"embedded": {"css": "textarea::text"}, "format": "CSV", "fields": fields("column", "a")},
        "<html><textarea>a,b\n1,2</textarea></html>",
        [{"a": "1"}],
        "text/html",
    ),
}


def read(extract: Mapping[str, Any], body: bytes | str | Mapping[str, Any], content_type: str) -> PageExtraction:
    compiled, findings = compile_page(PageSpec(extract=Extract.model_validate(extract)), "spec.targets[0]")
    assert compiled is not None, findings
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    return compiled.extract(Document(text if isinstance(text, bytes) else text.encode(), URL, content_type))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_document_gives_its_items(case: Case) -> None:
    page = read(case.extract, case.body, case.content_type)
    assert [{name: value or None for name, value in item.items()} for item in page.items] == list(case.items)
    assert case.warning in " ".join(page.warnings)
    assert bool(page.warnings) == bool(case.warning)
    assert page.dropped == case.dropped


@pytest.mark.parametrize(
    ("extract", "body", "message"),
    [
        ({"format": "XML", "items": {"css": "i"}, "fields": fields("css", "n")}, "<r><i><n>1</n></r>", "line 1"),
        ({"format": "NDJSON", "fields": fields("jmespath", "a")}, "no json\nat all", "line 1"),
        ({"format": "Feed", "fields": fields("jmespath", "id")}, "<html><p>no", "can't be read as a feed"),
        ({"format": "Feed", "fields": fields("jmespath", "id")}, '{"a": 1}', "no JSON Feed"),
    ],
)
def test_what_is_not_of_the_format_is_a_decode_error(extract: Mapping[str, Any], body: str, message: str) -> None:
    with pytest.raises(ScrapeFailed, match=message) as raised:
        read(extract, body, "")
    assert raised.value.reason == "DecodeError"


def test_an_embedded_document_that_is_not_there_is_a_missed_selector() -> None:
    with pytest.raises(ScrapeFailed, match=r"check embedded.css") as raised:
        read({"embedded": {"css": "script#d::text"}, "fields": fields("jmespath", "a")}, "<html></html>", "text/html")
    assert raised.value.reason == "SelectorMissed"


@pytest.mark.parametrize(
    ("extract", "path", "message"),
    [
        ({"format": "Text", "fields": [{"name": "v", "group": "x"}]}, "fields[0].group", "belongs to items.regex"),
        (
            {"format": "Text", "items": {"regex": "(a)"}, "fields": [{"name": "v", "group": 2}]},
            "fields[0].group",
            "has 1 groups",
        ),
        (
            {"format": "Text", "items": {"regex": "(a)"}, "fields": [{"name": "v", "group": "k"}]},
            "fields[0].group",
            "no group 'k'",
        ),
        ({"format": "CSV", "csv": {"encoding": "klingon"}, "fields": fields("column", "a")}, "csv.encoding", "label"),
        (
            {"format": "CSV", "csv": {"header": False}, "fields": fields("column", "a")},
            "fields[0].column",
            "number from 1",
        ),
        ({"embedded": {"css": "a["}, "fields": fields("jmespath", "a")}, "embedded", "not a CSS selector"),
        ({"format": "CSV", "fields": fields("css", "a")}, "fields[0].css", "CSV has no css selectors"),
    ],
)
def test_what_cannot_be_compiled_is_a_finding_at_its_field(extract: Mapping[str, Any], path: str, message: str) -> None:
    compiled, findings = compile_page(PageSpec(extract=Extract.model_validate(extract)), "spec.targets[0]")
    assert compiled is None
    assert [finding.path for finding in findings] == [f"spec.targets[0].extract.{path}"]
    assert message in findings[0].message
