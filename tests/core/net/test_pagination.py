from dataclasses import replace

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.net.documents import Request, Response, Validators
from scrape_operator.core.net.pagination import (
    CountedPages,
    CursorPages,
    LinkedPages,
    PageFacts,
    for_address,
    with_params,
)
from scrape_operator.core.runs.reasons import Reason

URL = "http://shop.example/list"
HEADERS = (("X-Token", "t"), ("Accept", "a/b"))
FIRST = Request(
    URL, method="POST", headers=HEADERS, params=(("q", "x"),), body=b"{}", validators=Validators(URL, '"1"')
)


def test_a_counter_begins_at_its_start_and_grows_by_its_step():
    pages = CountedPages("skip", start=1, step=10, fixed=(("take", "10"),))
    assert pages.first(FIRST).params == (("q", "x"), ("take", "10"), ("skip", "1"))
    second, fourth = (pages.following(FIRST, PageFacts(number, URL)) for number in (1, 3))
    assert second is not None
    assert second.params == (("q", "x"), ("take", "10"), ("skip", "11"))
    assert fourth is not None
    assert fourth.params[-1] == ("skip", "31")


def test_a_cursor_is_sent_with_the_next_page():
    pages = CursorPages("after")
    assert pages.first(FIRST) is FIRST
    following = pages.following(FIRST, PageFacts(1, URL, cursor="abc"))
    assert following is not None
    assert (following.params, following.method, following.body) == ((("q", "x"), ("after", "abc")), "POST", b"{}")
    assert pages.following(FIRST, PageFacts(1, URL)) is None


@pytest.mark.parametrize(
    ("pages", "facts", "address"),
    [
        (LinkedPages(), PageFacts(1, URL, next_link="?page=2"), f"{URL}?page=2"),
        (LinkedPages(), PageFacts(1, "http://shop.example/a/b", next_link="c"), "http://shop.example/a/c"),
        (LinkedPages("next"), PageFacts(1, URL, '</p2>; rel="next"', next_link="/other"), "http://shop.example/p2"),
        (LinkedPages(), PageFacts(1, URL), None),
        (LinkedPages(), PageFacts(1, URL, next_link=""), None),
        (LinkedPages("next"), PageFacts(1, URL, '</p0>; rel="prev"', next_link="/other"), None),
    ],
)
def test_a_link_is_resolved_against_its_page(pages, facts, address):
    assert pages.first(FIRST) is FIRST
    following = pages.following(FIRST, facts)
    assert (following and following.url) == address


def test_a_page_is_known_by_its_answer_and_by_what_was_extracted():
    page = PageExtraction(items=(), matched=0, dropped=0, next_link="/2", cursor="abc")
    facts = PageFacts.of(3, Response(URL, 200, {"link": "</p2>; rel=next"}, b""), page)
    assert facts == PageFacts(3, URL, "</p2>; rel=next", "/2", "abc")
    assert PageFacts.of(3, Response(URL, 200, {}, b""), page) == PageFacts(3, URL, "", "/2", "abc")


def test_a_link_that_is_no_address_is_an_extraction_error():
    with pytest.raises(ScrapeFailed) as raised:
        LinkedPages().following(FIRST, PageFacts(1, URL, next_link="ftp://shop.example/"))
    assert raised.value.reason is Reason.EXTRACTION_ERROR
    problem = "since the URL does not begin with http:// or https://: choose another one by paginate.nextLink"
    assert raised.value.message == f"the page has a link that cannot be followed, {problem}"


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        (URL, [("q", "y")], (URL, (("q", "y"),))),
        (f"{URL}?a=1&page=1&b=2", [("page", "2")], (f"{URL}?a=1&b=2", (("q", "x"), ("page", "2")))),
        (f"{URL}?page=1", [("page", "2")], (URL, (("q", "x"), ("page", "2")))),
        (f"{URL}?my+page=1#part", [("my page", "2")], (URL, (("q", "x"), ("my page", "2")))),
        (f"{URL}#part", [("page", "2")], (f"{URL}#part", (("q", "x"), ("page", "2")))),
        (f"{URL}?page", [("page", "2")], (URL, (("q", "x"), ("page", "2")))),
    ],
)
def test_parameters_take_the_place_of_those_of_the_same_name(url, params, expected):
    request = with_params(Request(url, params=(("q", "x"),), validators=Validators(url, '"1"')), params)
    assert (request.url, request.params) == expected
    assert request.validators is None


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("http://shop.example/detail", HEADERS),
        ("http://shop.example:80/detail", HEADERS),
        ("https://shop.example/detail", (("Accept", "a/b"),)),
        ("http://other.example/", (("Accept", "a/b"),)),
        ("http://0x7f.1/", (("Accept", "a/b"),)),
    ],
)
def test_a_linked_document_is_read_with_the_headers_of_its_origin(address, headers):
    request = for_address(FIRST, address)
    assert (request.url, request.headers) == (address, headers)
    assert (request.method, request.params, request.body, request.validators) == ("GET", (), b"", None)


def test_a_target_that_reads_heads_reads_heads_of_its_links():
    assert for_address(Request(URL, method="HEAD"), URL).method == "HEAD"


def test_a_cursor_has_16384_characters_at_most_as_it_is_sent():
    pages, request = CursorPages("after"), Request("http://a.example/")
    fits = PageFacts(1, "http://a.example/", cursor="é" * 2730 + "abcd")
    following = pages.following(request, fits)
    assert following is not None
    assert following.params == (("after", fits.cursor),)
    with pytest.raises(ScrapeFailed, match="a cursor of 2735 characters"):
        pages.following(request, replace(fits, cursor=f"{fits.cursor}e"))
