"""Runs of one target after another: what was usual is expected, and a silent failure names its field."""

from typing import Any

import pytest
from aiohttp import web

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from tests.running.targets.conftest import Scraping, Server

PRICES = {
    "items": {"css": "li"},
    "fields": [{"name": "name", "css": "b::text"}, {"name": "price", "css": ".price::text", "type": "Decimal"}],
}


def rows(count: int, price: str = '<i class="price">{n}.50</i>') -> str:
    return "".join(f"<li><b>{n}</b>{price.replace('{n}', str(n))}" for n in range(1, count + 1))


def shop(*lists: str) -> web.Response:
    return web.Response(text=f"<title>Lamps</title><ul>{''.join(lists)}</ul>", content_type="text/html")


@pytest.fixture
def pages(server: Server) -> list[web.Response]:
    """What the server answers, one after the other."""
    answers: list[web.Response] = []

    async def answer(_request: web.Request) -> web.Response:
        return answers.pop(0)

    server.answer = answer
    return answers


@pytest.mark.parametrize(
    ("broken", "hint"),
    [
        ('<i class="cost">{n}.50</i>', "`.price` matches nothing: there are the classes cost"),
        ("", "`.price` matches nothing: there are the elements b"),
        ('<i class="price">on request</i>', "its selector gives 'on request', and that can't be read as Decimal"),
        ('<i class="price"></i><u>{n}.50</u>', "`.price` matches 1 node, and `::text` none of them: it has no text"),
    ],
    ids=["renamed class", "dropped column", "no number", "moved into another element"],
)
@pytest.mark.parametrize(("on_breach", "status"), [("Warn", "PARTIALLY_SUCCEEDED"), ("Fail", "FAILED")])
async def test_a_field_that_is_found_no_more_is_named_in_the_run_in_which_it_happens(
    scrape: Scraping, server: Server, pages, broken: str, hint: str, on_breach: str, status: str
) -> None:
    pages += [shop(rows(5)), shop(rows(5, broken))]
    options: dict[str, Any] = {"extract": PRICES, "expect": {"onBreach": on_breach}}
    assert (await scrape(server.url, **options)).status is RunStatus.SUCCEEDED
    result = await scrape(server.url, **options)
    assert (result.status, result.reason) == (status, Reason.SELECTOR_MISSED)
    found = f"field price was found in no item, usually in 100%: check its selector (in the first item {hint})"
    assert result.breach == found


async def test_a_field_that_was_never_found_has_a_next_step(scrape: Scraping, server: Server, pages) -> None:
    fields = [{"name": "price", "css": ".cost::text"}, {"name": "note", "css": "b::text", "regex": "none"}]
    extract = {"items": {"css": "li"}, "fields": [{"name": "name", "css": "b::text"}, *fields]}
    pages += [shop(rows(2))]
    warnings = (await scrape(server.url, extract=extract)).warnings
    assert warnings == (
        "field price: found in 0 of 2 items: in the first item `.cost` matches nothing: there are the classes price",
        "field note: found in 0 of 2 items: in the first item its selector gives '1', and its regex matches none of it",
    )


async def test_a_field_of_detail_pages_has_a_next_step(scrape: Scraping, server: Server) -> None:
    async def answer(request: web.Request) -> web.Response:
        links = '<li><a href="/1">1</a><li><a href="/2">2</a>' if request.path == "/" else "<p class=born>1900"
        return web.Response(text=links, content_type="text/html")

    server.answer = answer
    result = await scrape(
        f"{server.url}/",
        extract={"items": {"css": "li"}, "fields": [{"name": "n", "css": "a::text"}]},
        follow={"link": {"css": "a::attr(href)"}, "fields": [{"name": "born", "css": ".birth::text"}]},
    )
    hint = "in the document `.birth` matches nothing: there are the classes born"
    assert result.warnings == (f"field born: found in 0 of 2 items: {hint}",)


async def test_the_break_stays_told_until_the_field_is_back(scrape: Scraping, server: Server, pages) -> None:
    pages += [shop(rows(5)), shop(rows(5, "")), shop(rows(5, "")), shop(rows(5))]
    reasons = [(await scrape(server.url, extract=PRICES)).reason for _ in range(4)]
    assert reasons == [Reason.SUCCEEDED, Reason.SELECTOR_MISSED, Reason.SELECTOR_MISSED, Reason.SUCCEEDED]


async def test_a_list_that_shrinks_too_far_is_a_breach(scrape: Scraping, server: Server, pages) -> None:
    pages += [shop(rows(10)), shop(rows(5)), shop(rows(3))]
    options: dict[str, Any] = {"extract": PRICES, "expect": {"maxDropPercent": 50}}
    results = [await scrape(server.url, **options) for _ in range(3)]
    assert [result.reason for result in results] == [Reason.SUCCEEDED, Reason.SUCCEEDED, Reason.EXPECTATION_FAILED]
    assert results[2].breach is not None
    assert "3 items, more than 50% below the 7.5 of the last 2 good runs" in results[2].breach


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expect": {"maxDropPercent": 50}}, Reason.EXPECTATION_FAILED),
        ({"expect": {"maxDropPercent": 50}, "extract": {**PRICES, "items": {"css": "ul > li"}}}, Reason.SUCCEEDED),
    ],
    ids=["another expectation", "another selector"],
)
async def test_an_edit_starts_the_comparison_anew_only_if_it_decides_which_items_there_are(
    scrape: Scraping, server: Server, pages, changes: dict[str, Any], reason: Reason
) -> None:
    pages += [shop(rows(10)), shop(rows(3))]
    await scrape(server.url, extract=PRICES)
    assert (await scrape(server.url, **{"extract": PRICES, "generation": 2, **changes})).reason is reason


async def test_changes_that_are_no_failures_raise_nothing(scrape: Scraping, server: Server, pages) -> None:
    some = '<i class="price">{n}.50</i>'
    pages += [
        shop(rows(5)),
        shop(rows(2)),
        shop(rows(1, "")),
        shop(rows(30)),
        shop(rows(5, some.replace("{n}.50", "7.99"))),
        shop(rows(1)),
    ]
    results = [await scrape(server.url, extract=PRICES) for _ in range(6)]
    assert [result.reason for result in results[:2]] == [Reason.SUCCEEDED] * 2
    assert [result.reason for result in results[3:]] == [Reason.SUCCEEDED] * 3


async def test_a_failed_run_does_not_move_what_is_usual(scrape: Scraping, server: Server, pages) -> None:
    pages += [shop(rows(5)), web.Response(status=500), web.Response(status=404), shop(rows(5, ""))]
    reasons = [(await scrape(server.url, extract=PRICES)).reason for _ in range(4)]
    assert reasons == [Reason.SUCCEEDED, Reason.HTTP_STATUS, Reason.HTTP_STATUS, Reason.SELECTOR_MISSED]


async def test_a_field_that_was_rare_may_be_missing(scrape: Scraping, server: Server, pages) -> None:
    pages += [shop(rows(1), rows(9, "")), shop(rows(9, ""))]
    assert [(await scrape(server.url, extract=PRICES)).reason for _ in range(2)] == [Reason.SUCCEEDED] * 2


async def test_details_that_fail_for_a_while_say_nothing_about_selectors(scrape: Scraping, server: Server) -> None:
    is_down = False

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            links = "".join(f'<li><a href="/{n}">{n}</a>' for n in range(5))
            return web.Response(text=links, content_type="text/html")
        return web.Response(status=500) if is_down else web.Response(text="<p>x</p>", content_type="text/html")

    server.answer = answer
    target: dict[str, Any] = {
        "extract": {"items": {"css": "li"}, "fields": [{"name": "n", "css": "a::text"}]},
        "follow": {"link": {"css": "a::attr(href)"}, "fields": [{"name": "text", "css": "p::text"}]},
    }
    assert (await scrape(f"{server.url}/", **target)).reason is Reason.SUCCEEDED
    is_down = True
    result = await scrape(f"{server.url}/", **target)
    assert (result.reason, result.breach) == (Reason.HTTP_STATUS, None)


async def test_a_login_page_with_200_is_hinted_at(scrape: Scraping, server: Server, pages) -> None:
    login = web.Response(text="<title>Sign in</title><input type=password>", content_type="text/html")
    pages += [shop(rows(3)), login]
    await scrape(server.url, extract=PRICES)
    result = await scrape(server.url, extract=PRICES)
    assert (result.status, result.reason) == (RunStatus.FAILED, Reason.SELECTOR_MISSED)
    assert "The page looks like a login page, titled 'Sign in'" in result.message
