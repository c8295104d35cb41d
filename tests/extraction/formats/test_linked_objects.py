"""Microdata and RDFa in JSON-LD's form, in document order, and scripts as pages wrap them."""

from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.runs.reasons import Reason

Read = Callable[..., PageExtraction]

ROOT = "https://shop.example/"
PAGE = ROOT + "list/"
SCRIPT = '<script type="application/ld+json">{}</script>'

MICRODATA = (
    '<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Tea</b>'
    '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="5"></div>'
    '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="6"></div>'
    '<a itemprop="url" href="x">x</a><img itemprop="image" src="i.png">'
    '<time itemprop="releaseDate" datetime="2020-01-01">January</time></div>'
)
RDFA = (
    '<div vocab="https://schema.org/" typeof="Product"><b property="name">Tea</b>'
    '<div property="offers" typeof="Offer"><meta property="price" content="5"></div>'
    '<div property="offers" typeof="Offer"><meta property="price" content="6"></div>'
    '<a property="url" href="x">x</a><img property="image" src="i.png">'
    '<time property="releaseDate" datetime="2020-01-01">January</time></div>'
)


def offer(price: str) -> dict[str, str]:
    return {"@context": "https://schema.org", "@type": "Offer", "price": price}


def objects(read: Read, body: str) -> list[Any]:
    found = read(f"<html><body>{body}", {"jmespath": "@", "type": "JSON"}, format="JSONLD")
    return [item["f0"] for item in found.items]


@pytest.mark.parametrize("body", [MICRODATA, RDFA], ids=["microdata", "RDFa"])
def test_objects_inside_of_others_are_their_values(read: Read, body: str) -> None:
    assert objects(read, body) == [
        {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": "Tea",
            "offers": [offer("5"), offer("6")],
            "url": PAGE + "x",
            "image": PAGE + "i.png",
            "releaseDate": "2020-01-01",
        }
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<p typeof="s:A"><b property="s:n">1</b></p><p typeof="B">', [{"@type": "A", "n": "1"}, {"@type": "B"}]),
        ('<p typeof="A B" resource="#a"></p>', [{"@type": ["A", "B"], "@id": PAGE + "page?n=1#a"}]),
        (
            '<p typeof="A" resource="/a"><b property="n">1</b></p><p about="/a"><b property="m">2</b></p>',
            [{"@type": "A", "@id": "https://shop.example/a", "n": "1", "m": "2"}],
        ),
        (
            '<p typeof="A" resource="/a"><b property="to" typeof="B"><i property="back" resource="/a" typeof="A">',
            [{"@type": "A", "@id": ROOT + "a", "to": {"@type": "B", "back": {"@id": ROOT + "a"}}}],
        ),
        ('<p typeof="A"><b property="n" content="c">t</b></p>', [{"@type": "A", "n": "c"}]),
        ('<p typeof="A"><b property="n m">t</b></p>', [{"@type": "A", "n": "t", "m": "t"}]),
        ('<p typeof="A"><b rel="foaf:knows"><i typeof="B"></i></b></p>', [{"@type": "A", "knows": {"@type": "B"}}]),
        ('<p typeof="A"><a rel="foaf:knows" href="/b">b</a><a rel="next" href="/c">c</a></p>',
         [{"@type": "A", "knows": "https://shop.example/b"}]),
        ('<p property="n">1</p><meta property="og:title" content="x"><p typeof="A">', [{"@type": "A"}]),
        ('<p typeof="A"><a property="u" href="http://[x">t</a>', [{"@type": "A", "u": "t"}]),
    ],
)  # fmt: skip
def test_rdfa_is_read_in_document_order(read: Read, body: str, expected: list[dict[str, Any]]) -> None:
    def bare(value: Any) -> Any:
        return {k: bare(v) for k, v in value.items() if k != "@context"} if isinstance(value, dict) else value

    assert [bare(found) for found in objects(read, body)] == expected


def test_deeply_nested_rdfa_is_read(read: Read) -> None:
    [found] = objects(read, '<div typeof="A">' + "<div>" * 1500 + '<b property="n">1</b>')
    assert found["n"] == "1"


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 1}',
        '\ufeff{"n": 1}',
        ' {"n": 1} ; ',
        '<!-- {"n": 1} -->',
        '<!--\n{"n": 1}\n//-->',
        '<![CDATA[{"n": 1}]]>',
        '//<![CDATA[\n{"n": 1}\n//]]>',
        '/*<![CDATA[*/{"n": 1}/*]]>*/',
        '/* <![CDATA[ */ {"n": 1} /* ]]> */',
    ],
)
def test_a_script_is_read_out_of_what_pages_wrap_it_in(read: Read, text: str) -> None:
    assert objects(read, SCRIPT.format(text)) == [{"n": 1}]


def names(read: Read, body: str | bytes, content_type: str) -> list[Any]:
    found = read(body, {"jmespath": "n"}, format="JSONLD", content_type=content_type)
    assert not found.warnings
    return [item["f0"] for item in found.items]


@pytest.mark.parametrize("content_type", ["application/ld+json", "application/json; charset=utf-8", "", "text/plain"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"@type": "P", "n": "1"}', ["1"]),
        (' \n[{"n": "1"}, [{"n": "2"}]]', ["1", "2"]),
        ('\ufeff{"@graph": [{"n": "1"}, {"@graph": {"n": "2"}}]}', ["1", "2"]),
        ('{"n": "a\nb"}', ["a\nb"]),
        ("[]", []),
    ],
)
def test_a_json_ld_document_is_read_as_its_objects(
    read: Read, text: str, expected: list[Any], content_type: str
) -> None:
    assert names(read, text, content_type) == expected
    assert names(read, ("\ufeff" + text.strip("\ufeff")).encode("utf-16-le"), content_type) == expected


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("application/ld+json", SCRIPT.format('{"n": "1"}')),
        ("text/html", "{{ header }}<html>" + SCRIPT.format('{"n": "1"}')),
        ("text/html", "[x] <p>" + SCRIPT.format('{"n": "1"}')),
        ("text/html", '{"n": "1"}'),
    ],
)
def test_a_page_is_read_as_one_whatever_its_type_or_beginning(read: Read, content_type: str, text: str) -> None:
    assert names(read, text, content_type) == ["1"]


def test_an_embedded_json_ld_document_is_read(read: Read) -> None:
    page = """<html><script id=d>[{"n": "1"}, {"@graph": [{"n": "2"}]}]</script>"""
    found = read(page, {"jmespath": "n"}, format="JSONLD", embedded={"css": "#d::text"})
    assert [item["f0"] for item in found.items] == ["1", "2"]


@pytest.mark.parametrize("content_type", ["application/ld+json", "application/json", ""])
@pytest.mark.parametrize(
    "text", ['{"n": ', '{"n": NaN}', "[" * 5_000, "[" * 100 + "]" * 100, '{"n": 1} x', b'{"n": "\xff"}']
)
def test_a_broken_json_ld_document_is_a_decode_error(read: Read, text: str | bytes, content_type: str) -> None:
    with pytest.raises(ScrapeFailed, match="can't be read as JSON-LD: ") as caught:
        names(read, text, content_type)
    assert caught.value.reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("text", ["", "no JSON"])
def test_what_is_json_by_its_type_alone_is_a_decode_error(read: Read, text: str) -> None:
    with pytest.raises(ScrapeFailed, match="can't be read as JSON-LD: "):
        names(read, text, "application/ld+json")
