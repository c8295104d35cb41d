"""Selectors as a browser copies them: lists and combinators inside pseudo-classes, by what they match."""

from collections.abc import Callable

import pytest

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.extraction.selectors.css import compile_css

Read = Callable[..., PageExtraction]

PAGE = """<main id=m><h1 id=h class="x">t</h1><div id=d1 class="a b"><p id=p1>1</p><p id=p2 class=c>2<i id=i1>i</i></p>
</div><div id=d2 class=a><span id=s title="(a, b)">3</span></div><section id=q><div id=d3><p id=p3>4</p></div></section>
</main>"""


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("p:not(.c, #p3)", "p1"),
        ("p:not(.c):not(#p3)", "p1"),
        ("div:is(.b, #d3)", "d1 d3"),
        (":is(section, .a) > :is(p, span)", "p1 p2 s"),
        ("p:is(.a p)", "p1 p2"),
        ("p:not(.a > p)", "p3"),
        ("p:not(.a p, section p)", ""),
        ("div:has(> p)", "d1 d3"),
        ("div:has(p.c, span)", "d1 d2"),
        ("div:not(:has(p))", "d2"),
        ("div:has(:is(i, span))", "d1 d2"),
        ("div:where(.a):not(.b)", "d2"),
        ("p:is(:not(.c, #p3))", "p1"),
        ("h1 + :is(div, p)", "d1"),
        ("p:is(p + p)", "p2"),
        ("div:is(h1 ~ div)", "d1 d2"),
        ("[title=':not(a, b)'], [title='(a, b)']:not([id=x], [id='y,)'])", "s"),
        ("main > div:nth-child(2) > p:nth-of-type(2)", "p2"),
    ],
)
def test_a_selector_matches(read: Read, selector: str, expected: str):
    found = read(PAGE, {"css": "::attr(id)"}, items={"css": selector}).items
    assert [item["f0"] for item in found] == expected.split()


@pytest.mark.parametrize("selector", ["p:not()", "p:is(a", "p:not(a,)", "p:not(b::text)", "p:is(:hover(x))"])
def test_a_broken_list_is_refused(selector: str):
    with pytest.raises(InvalidValue):
        compile_css(selector)


@pytest.mark.parametrize(
    "selector",
    [
        *(":first-of-type", ".a:first-of-type", "*:last-of-type", ":not(:first-of-type)", ":not(:not(:first-of-type))"),
        *("li:has(:not(:first-of-type))", "li:not(:has(:not(:first-of-type)))", "li:not(ul > :first-of-type)"),
    ],
)
def test_a_count_by_the_name_needs_a_name_and_says_what_to_write(selector: str):
    with pytest.raises(InvalidValue, match="write the element's name before it, such as li:first-of-type"):
        compile_css(selector)


@pytest.mark.parametrize("is_html", [True, False])
def test_names_in_xml_are_those_without_a_prefix(is_html: bool):
    assert ("name() = 'Item'" in compile_css("Item > b", is_html=is_html).text) is not is_html


LIST = (
    '<div id="r"><h1 id="h"></h1><p id="p1"></p><div id="d1"><p id="p2"></p></div><p class="c" id="p3"></p>'
    '<b id="b"></b><p id="p4"></p></div>'
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("p:nth-of-type(2)", "p3"),
        ("p:first-of-type", "p1 p2"),
        ("p:last-of-type", "p2 p4"),
        ("#r > p:nth-last-of-type(2)", "p3"),
        ("p:only-of-type", "p2"),
        ("p:nth-of-type(2n+1)", "p1 p2 p4"),
        ("p:nth-child(2)", "p1"),
        ("h1 + p", "p1"),
        ("h1 ~ p.c", "p3"),
        ("div p + b", "b"),
        ("p:not(.c, :first-of-type)", "p4"),
        ("p.c:not(:nth-of-type(2n+1))", "p3"),
        ("div > p:is(:last-of-type, .c)", "p2 p3 p4"),
        ("p[id~='p3']:not(:first-of-type)", "p3"),
        ("p:not([class~=c]:not(:first-of-type))", "p1 p2 p4"),
        ("p:not(:not(:first-of-type))", "p1 p2"),
        ("p:not(:not(:first-of-type, .c))", "p1 p2 p3"),
        ("p:not(:is(:not(:last-of-type), #p4))", "p2"),
        ("p.c:is(:not(:not(:nth-of-type(2))))", "p3"),
        ("p:not([id='p 1']:not(:first-of-type)):not(:not(:first-of-type))", "p1 p2"),
        ("#r > p:not(:nth-child(2)):not(:first-of-type)", "p3 p4"),
        ("p:not(b + p:not(:first-of-type))", "p1 p2 p3"),
        ("div:has(p:not(:first-of-type))", "r"),
        ("div:not(:has(p:not(:first-of-type)))", "d1"),
        ("p:is(div div p, b + p)", "p2 p4"),
        ("p:has(+ b)", "p3"),
        ("div *:first-child", "h p2"),
    ],
)
@pytest.mark.parametrize("format_", ["HTML", "XML"])
def test_a_selector_means_the_same_in_html_and_xml(read: Read, format_: str, selector: str, expected: str):
    found = read(LIST, {"css": "::attr(id)"}, items={"css": selector}, format=format_).items
    assert [item["f0"] for item in found if item["f0"]] == expected.split()
