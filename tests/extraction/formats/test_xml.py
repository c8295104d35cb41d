"""Document type declarations of XML and feeds, which declare nothing, and what is well-formed."""

import contextlib
from collections.abc import Callable
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.xml import end_of_prolog

Read = Callable[..., PageExtraction]

ENTITY = '<!ENTITY e "EXPANDED">'
DECLARED = f"<!DOCTYPE r [{ENTITY}]>"
XML = '<r a="1&e;">2&e;</r>'
RSS = '<rss version="2.0"><channel><item><title>1&e;</title></item></channel></rss>'
PROLOGS = [
    DECLARED,
    f"<!-- <!DOCTYPE x> -->{DECLARED}",
    f"<?x <!DOCTYPE x> ?>{DECLARED}",
    f"<!DOCTYPE a>{DECLARED}",
    f'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "]>">{DECLARED}<!-- x -->{DECLARED}',
    f"<!DOCTYPE r [<?a ' ?>{ENTITY}]>",
    f"<!DOCTYPE r [<?a ]> ?>{ENTITY}]>",
    f"<!DOCTYPE r [<!-- ]> ' -->{ENTITY}]>",
    f'<!DOCTYPE r [<!ENTITY % p "]>">{ENTITY}]>',
    f"<!DOCTYPE\tr[{ENTITY}]\n>",
    f"<!DOCTYPE r PUBLIC \"[\" '>' [{ENTITY}]>",
    f"<!DOCTYPE r [<!ENTITY d 'EXPANDED'>{ENTITY}<!ENTITY e '&d;&d;'>]>",
    '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
    f"<!--\n{ENTITY}\n<!DOCTYPE x -->",
]


def read_xml(read: Read, body: str) -> PageExtraction:
    return read(body, {"xpath": "string(@a)"}, {"xpath": "string(.)"}, format="XML", content_type="text/xml")


def read_feed(read: Read, body: str) -> PageExtraction:
    return read(body, {"jmespath": "title"}, format="Feed", content_type="application/rss+xml")


@pytest.mark.parametrize("prolog", PROLOGS)
def test_an_entity_is_expanded_by_no_form_of_a_document_type(read: Read, prolog: str) -> None:
    found = read_xml(read, prolog + XML)
    assert found.items == [{"f0": "1", "f1": "2"}]
    assert "entities are not expanded" in found.warnings[0]
    assert read_feed(read, prolog + RSS).items == [{"f0": "1&e;"}]


PIECES = [
    *(DECLARED, ENTITY, "<!DOCTYPE r ", "[", "]", ">", "'", '"', "<!--", "-->", "<?a ", "<?", "?>", "<![CDATA[", "]]>"),
    *('<?xml version="1.0"?>', '<?xml version="1.0">', "<?xml ", f"\n{ENTITY}\n<!DOCTYPE r>\n", "<:a>", "\1", "é", " "),
]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_no_prolog_makes_an_entity_expand(read: Read, prolog: str) -> None:
    for reads, root in ((read_xml, XML), (read_feed, RSS)):
        try:
            items = str(reads(read, prolog + root).items)
        except ScrapeFailed:
            continue
        assert "EXPANDED" not in items.replace(ENTITY, "")  # the declaration as a text is no expansion


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_no_prolog_makes_a_parser_read_a_document_type(prolog: str) -> None:
    text = (prolog + XML).encode().lstrip()
    seen: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: seen.append("document type")
    parser.StartElementHandler = lambda *_: seen.append("element")
    with contextlib.suppress(expat.ExpatError):
        parser.Parse(text[end_of_prolog(text) :], True)
    assert seen[:2] != ["document type", "element"]


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><p>y</p>",
        "<p>Write <!DOCTYPE html and</p>",
        "use <!DOCTYPE note [ here",
        DECLARED,
    ],
)
def test_a_document_type_inside_of_a_text_stays(read: Read, text: str) -> None:
    found = read_xml(read, f"<r><![CDATA[{text}]]><b/></r>")
    assert found.items == [{"f0": "", "f1": text}]
    assert not found.warnings
    feed = RSS.replace("1&e;", f"<![CDATA[{text}]]>")
    assert read_feed(read, f"<!DOCTYPE rss>{feed}").items == [{"f0": text}]


@pytest.mark.parametrize("start", ["<!DOCTYPE r [", "<!-- ", "<?a ", f"<!DOCTYPE r ['{ENTITY}]>"])
def test_a_prolog_that_is_not_closed_is_a_decode_error(read: Read, start: str) -> None:
    with pytest.raises(ScrapeFailed, match=r"line 3: .* is not closed") as caught:
        read_xml(read, f"<?xml version='1.0'?>\n<!DOCTYPE\nr>{start}{XML}")
    assert caught.value.reason is Reason.DECODE_ERROR


def test_a_fault_behind_a_document_type_is_named_by_its_line(read: Read) -> None:
    with pytest.raises(ScrapeFailed, match="line 4"):
        read_xml(read, "<!DOCTYPE r [\n<!-- -->\n]>\n<r><a></r>")


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.1"?><r a="1">2</r>',
        '<r a="1" xmlns:n="MySchema">2</r>',
        '<r a="1" xmlns:n="http://x/ y">2</r>',
        '<r a="1" xml:space="foo">2</r>',
        '<r a="1" xml:lang="en_US">2</r>',
        '<r a="1"><b xml:id="x"/>2<b xml:id="x"/></r>',
        '<r a="1" xml:id="1 2">2</r>',
        '<r a="1">2' + '<b xmlns="n"/>' * 150 + "</r>",
    ],
)
def test_a_document_that_is_well_formed_is_read_without_a_word(read: Read, body: str) -> None:
    found = read_xml(read, body)
    assert found.items == [{"f0": "1", "f1": "2"}]
    assert not found.warnings


@pytest.mark.parametrize("before", ["", '<b xmlns="n"/>' * 150, "&e;" * 150, '<b xml:id="x"/>' * 150, "&e;"])
@pytest.mark.parametrize("fault", ["<b>", "<b></r>", "<b", "</b>", "&", "\1", "<b a='1' a='2'/>", "<![CDATA[", "]]>"])
def test_a_fault_is_a_decode_error_whatever_stands_before_it(read: Read, before: str, fault: str) -> None:
    with pytest.raises(ScrapeFailed, match="line 3: ") as caught:
        read_xml(read, f"<?xml version='1.0' standalone='yes'?>\n<r>\n{before}{fault}")
    assert caught.value.reason is Reason.DECODE_ERROR


@pytest.mark.parametrize("standalone", ["", " standalone='yes'"])
def test_very_many_references_to_entities_are_left_out(read: Read, standalone: str) -> None:
    found = read_xml(read, f"<?xml version='1.0'{standalone}?>{DECLARED}<r a='1&e;'>" + "&e;" * 150 + "2</r>")
    assert found.items == [{"f0": "1", "f1": "2"}]
    assert len(found.warnings) == 1


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("&e;", ""),
        ("1&e;2&f;3", "123"),
        ("1<b>2&e;3</b>4&e;&e;5<b>&e;</b>6&e;", "123456"),
        ("&e;x" * 100_000, "x" * 100_000),
    ],
    ids=["alone", "two", "nested", "very many in one text"],
)
def test_text_around_references_to_entities_is_kept_in_order(read: Read, inside: str, text: str) -> None:
    assert read_xml(read, f"<r>{inside}</r>").items == [{"f0": "", "f1": text}]
