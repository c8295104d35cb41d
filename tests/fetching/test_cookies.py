"""The cookies of one target's run: kept along redirects, pages and retries, sent to their own hosts alone."""

import pytest
from yarl import URL

from scrape_operator.core.net.documents import Request
from scrape_operator.fetching.cookies import MAX_COOKIE_LENGTH, MAX_COOKIES, SessionCookies
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.settings import Settings
from tests.fetching.servers import answering, ok, redirect, serving
from tests.support.fetching import session_of
from tests.support.virtual_time import run_virtual


def cookie_of(head):
    lines = [line for line in head.decode().split("\r\n") if line.lower().startswith("cookie:")]
    assert len(lines) <= 1
    return lines[0].partition(": ")[2] if lines else None


async def test_a_cookie_wall_lets_through_who_brings_the_cookie_back(fetcher):
    async def wall(head, writer):
        if cookie_of(head) == "seen=yes":
            writer.write(ok(b"inside"))
        else:
            writer.write(ok(b"", "Location: /", "Set-Cookie: seen=yes; Path=/", status="302 Found"))

    async with serving(wall) as server:
        assert (await fetcher.fetch(Request(server.url + "/"))).body == b"inside"
    assert len(server.heads) == 2


async def test_cookies_are_sent_with_the_next_requests_of_the_run(fetcher):
    answers = [
        ok(b"", "Set-Cookie: a=1", "Set-Cookie: b=two words; Path=/"),
        ok(b"", "Set-Cookie: a=; Max-Age=0"),
        ok(b""),
    ]
    async with serving(answering(*answers, close=False)) as server:
        for _ in range(3):
            await fetcher.fetch(Request(server.url, headers=[("Cookie", "own=0")]))
    assert [cookie_of(head) for head in server.heads] == ["own=0", "own=0; a=1; b=two words", "own=0; b=two words"]


async def test_cookies_do_not_go_to_another_port_that_is_another_host(fetcher):
    async with (
        serving(answering(ok(b"x"))) as other,
        serving(
            answering(
                ok(b"", "Set-Cookie: a=1", f"Location: {other.url.replace('127.0.0.1', 'localhost')}", status="302 X")
            )
        ) as server,
    ):
        await fetcher.fetch(Request(server.url))
    assert cookie_of(other.heads[0]) is None


async def test_cookies_of_one_run_are_unknown_to_another(trusting):
    async with (
        open_fetcher(Settings(allow_cidrs="127.0.0.0/8"), ssl_context=trusting) as http,
        serving(answering(ok(b"", "Set-Cookie: a=1"), close=False)) as server,
    ):
        await session_of(http).fetch(Request(server.url))
        await session_of(http).fetch(Request(server.url))
    assert [cookie_of(head) for head in server.heads] == [None, None]


def sent(header, stored_at, url):
    cookies = SessionCookies()
    cookies.store(URL(stored_at), [header])
    return dict(cookies.add_to((), URL(url))).get("Cookie")


@pytest.mark.parametrize(
    ("header", "stored_at", "url", "expected"),
    [
        ("a=1", "http://shop.example/x/y", "http://shop.example/x/z", "a=1"),
        ("a=1", "http://shop.example/x/y", "http://shop.example/z", None),
        ("a=1", "http://shop.example/", "http://www.shop.example/", None),
        ("a=1; Domain=shop.example", "http://www.shop.example/", "http://api.shop.example/", "a=1"),
        ("a=1; Domain=other.example", "http://shop.example/", "http://other.example/", None),
        ("a=1; Domain=example", "http://shop.example/", "http://evil.example/", None),
        ("a=1; domain = .example ", "http://shop.example/", "http://evil.example/", None),
        ("a=1; Secure", "https://shop.example/", "http://shop.example/", None),
        ("a=1", "https://shop.example/", "http://shop.example/", None),
        ("a=1", "https://shop.example/", "https://shop.example/", "a=1"),
        ("a=1", "http://shop.example/", "https://shop.example/", "a=1"),
        ("a=1", "http://127.0.0.1/", "http://127.0.0.1/", "a=1"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://shop.example/", "http://shop.example/", None),
        ("a=" + "x" * MAX_COOKIE_LENGTH, "http://shop.example/", "http://shop.example/", None),
        ("garbage", "http://shop.example/", "http://shop.example/", None),
        ('a="x y"; Path=/', "http://shop.example/", "http://shop.example/", 'a="x y"'),
        (r'a="x\054y"', "http://shop.example/", "http://shop.example/", r'a="x\054y"'),
        ('a="x;y"; Path=/', "http://shop.example/", "http://shop.example/", 'a="x'),
        ("a=1; Domain=Shop.Example", "http://www.shop.example/", "http://api.shop.example/", "a=1"),
        ("a=1; Domain=Shop.Example", "http://shop.example/", "http://www.shop.example/", "a=1"),
        ("a=1; Domain=intranet", "http://intranet/", "http://intranet/", "a=1"),
        ("a=1; Domain=.intranet", "http://intranet/", "http://www.intranet/", None),
        ("a=1; Domain=; Path=/", "http://shop.example/", "http://shop.example/", "a=1"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9", "http://a.example/", "http://a.example/", "a=1"),
        ("a=1; Max-Age=0", "http://shop.example/", "http://shop.example/", None),
    ],
)
def test_where_a_cookie_is_sent(header, stored_at, url, expected):
    async def scene():
        return sent(header, stored_at, url)

    assert run_virtual(scene()) == expected


async def test_so_many_cookies_are_kept():
    cookies = SessionCookies()
    for number in range(3):
        cookies.store(URL("http://shop.example/"), [f"c{number}-{n}=1" for n in range(MAX_COOKIES)])
    [(_, value)] = cookies.add_to((), URL("http://shop.example/"))
    assert len(value.split("; ")) == MAX_COOKIES


async def test_a_redirect_keeps_the_cookies_of_each_hop(fetcher):
    async with serving(
        answering(
            ok(b"", "Location: /b", "Set-Cookie: a=1; Path=/", status="302 X"),
            ok(b"", "Location: /c", "Set-Cookie: b=2; Path=/", status="302 X"),
            redirect("/d"),
            ok(b"end"),
            close=False,
        )
    ) as server:
        await fetcher.fetch(Request(server.url))
    assert [cookie_of(head) for head in server.heads] == [None, "a=1", "a=1; b=2", "a=1; b=2"]
