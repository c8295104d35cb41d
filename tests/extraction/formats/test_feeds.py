"""Feeds that are cut off or have faults: what is whole is read, and what is missing is counted."""

from collections.abc import Callable

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.runs.reasons import Reason

Read = Callable[..., PageExtraction]

RSS = (
    '<rss version="2.0"><channel><title>c</title><item><guid>1</guid><title>A</title></item>'
    "<item><guid>2</guid><title>B</title></item><item><guid>3</guid><title>C</title></item></channel></rss>"
)
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    '<channel rdf:about="c"><items><rdf:Seq><rdf:li resource="x"/></rdf:Seq></items></channel>'
    '<item rdf:about="x"><title>A</title></item><item rdf:about="y"><title>B</title></item>'
    '<item rdf:about="z"><title>C</title></item></rdf:RDF>'
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>c</title><entry><id>1</id><title>A</title></entry>'
    "<entry><id>2</id><title>B</title></entry><entry><id>3</id><title>C</title></entry></feed>"
)
PREFIXED = (
    '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>c</a:title><a:entry><a:title>A</a:title></a:entry>'
    "<a:entry><a:title>B</a:title></a:entry><a:entry><a:title>C</a:title></a:entry></a:feed>"
)
FEEDS = {"RSS": RSS, "RDF": RDF, "Atom": ATOM, "Atom with a prefix": PREFIXED}


def titles(found: PageExtraction) -> list[object]:
    return [item["f0"] for item in found.items]


def read_feed(read: Read, body: str) -> PageExtraction:
    return read(body, {"jmespath": "title"}, format="Feed", content_type="application/rss+xml")


def whole_entries(body: str) -> int:
    return sum(body.count(end) for end in ("</item>", "</entry>", "</a:entry>"))


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?><!DOCTYPE feed>'])
@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
@pytest.mark.parametrize("sloppy", ["", " &nbsp; & "])
def test_a_feed_that_is_cut_off_anywhere_gives_its_whole_entries(
    read: Read, feed: str, declaration: str, sloppy: str
) -> None:
    body = feed.replace("<title>c", f"<title>c{sloppy}").replace("<a:title>c", f"<a:title>c{sloppy}")
    assert titles(read_feed(read, declaration + body)) == ["A", "B", "C"]
    for length in range(1, len(body)):
        cut = body[:length]
        whole = whole_entries(cut)
        if whole == 0:
            with pytest.raises(ScrapeFailed) as caught:
                read_feed(read, declaration + cut)
            assert caught.value.reason is Reason.DECODE_ERROR
        else:
            found = read_feed(read, declaration + cut)
            assert titles(found) == ["A", "B", "C"][:whole], cut
            assert found.dropped >= 1
            assert "is cut off" in found.warnings[0]


@pytest.mark.parametrize("before", ["<!-- ", "<![CDATA["])
def test_a_comment_or_section_without_end_hides_what_follows(read: Read, before: str) -> None:
    found = read_feed(read, RSS.replace("B", before + "B"))
    assert titles(found) == ["A"]
    assert found.dropped == 1
    assert "comment or CDATA section without end" in found.warnings[0]


def test_a_fault_that_hides_entries_is_a_loss(read: Read) -> None:
    found = read_feed(read, RSS.replace("<title>B", '<title x="B\n'))
    assert titles(found) == ["A"]
    assert found.dropped == 2
    assert "faults that hide entries: 1 entries are read, and at least 2 missing" in found.warnings[0]


@pytest.mark.parametrize(
    "body",
    [
        RSS.replace("C<", "C&nbsp;<"),
        RSS.replace("c<", "c & d<"),
        RSS.replace("c<", "c < d<"),
        RSS.replace("c<", "c\1<"),
        RSS.replace("c<", "<b>c<"),
        RSS.replace("<guid>2", "<media:x>1</media:x><foo:item>x</foo:item><guid>2"),
        RSS.replace("<guid>2", "<guid a='1' a='2'>2"),
        RSS.replace("</item>", ""),
        RSS.replace("item>", "ITEM>").replace("</rss>", "</RSS >"),
        RSS.replace("c<", "c&nbsp;<![CDATA[ <item> </rss> ]]><!-- <item> --><"),
        RSS + "<script>x</script>",
        RSS + "<!-- ",
        f"<b>Warning</b>: x\n<?xml version='1.0'?>{RSS}",
        f"<?xml version='1.0' encoding='utf-16'>{RSS}",
        RSS.replace("<rss", "<items").replace("</rss", "</items").replace("c<", "c&nbsp;<"),
    ],
)
def test_a_feed_with_faults_that_is_whole_is_read_without_a_word(read: Read, body: str) -> None:
    found = read_feed(read, body)
    assert [str(title).strip("\xa0") for title in titles(found)] == ["A", "B", "C"]
    assert not found.warnings
    assert found.dropped == 0


def test_a_feed_without_entries_that_is_whole_is_empty(read: Read) -> None:
    found = read_feed(read, "<rss><channel><title>c &nbsp;</title></channel></rss>")
    assert found.items == []
    assert not found.warnings
