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

SHOP = URL("http://shop.example/")


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
        ("a=1; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "http://shop.example/", "http://shop.example/", None),
        ("a=1; Expires=Wed, 01 Jan 2020 00:00:00 GMT; Max-Age=x", "http://a.example/", "http://a.example/", None),
        ("a=1; Expires=never", "http://shop.example/", "http://shop.example/", "a=1"),
        ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "http://shop.example/", "http://shop.example/", "a=1"),
        ('a=1; Max-Age="0"', "http://shop.example/", "http://shop.example/", None),
        ("a=1; Path=/x", "http://shop.example/", "http://shop.example/xy", None),
        ("a=1; Path=/x", "http://shop.example/", "http://shop.example/x/y", "a=1"),
        ("a=1; Path=/x/", "http://shop.example/", "http://shop.example/x/", "a=1"),
        ("a=1; Path=/x/", "http://shop.example/", "http://shop.example/x", None),
        ("a=1; Path=x", "http://shop.example/d/e", "http://shop.example/d/f", "a=1"),
        ("a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", None),
        ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", "a=1"),
        ("a=1; Domain=.shop.example", "http://shop.example/", "http://notshop.example/", None),
        ("=1", "http://shop.example/", "http://shop.example/", None),
        ("path=1; Path=/", "http://shop.example/", "http://shop.example/", "path=1"),
        ("a=\x01", "http://shop.example/", "http://shop.example/", None),
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


DELETIONS = [
    "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "Expires=Thu, 01-Jan-70 00:00:00 GMT",
    "expires=Thu, 1 Jan 1970 0:00:00 GMT",
    "Expires=Thu, 01 Jan 1970 00:00:00 UTC",
    "Expires=Thu, 01 Jan 1970 00:00:00 -0000",
    "Expires=Thu Jan  1 00:00:00 1970",
    "Expires=Wed, 01 Jan 2020 00:00:00 GMT",
    "Max-Age=0",
    "Max-Age=-1",
    "Expires=Wed, 01 Jan 2099 00:00:00 GMT; Max-Age=0",
]


@pytest.mark.parametrize("deletion", DELETIONS)
async def test_a_date_in_the_past_deletes_a_cookie_whatever_its_spelling(fetcher, deletion):
    answers = [ok(b"", "Set-Cookie: a=1", "Set-Cookie: b=2"), ok(b"", f"Set-Cookie: a=0; {deletion}"), ok(b"")]
    async with serving(answering(*answers, close=False)) as server:
        for _ in range(3):
            await fetcher.fetch(Request(server.url))
    assert [cookie_of(head) for head in server.heads] == [None, "a=1; b=2", "b=2"]


def test_a_cookie_ends_at_its_time():
    now = [1_000_000.0]
    cookies = SessionCookies(lambda: now[0])
    cookies.store(SHOP, ["a=1; Max-Age=60", "b=1; Expires=Mon, 12 Jan 1970 13:47:00 GMT", "c=1"])
    assert cookies.add_to((), SHOP) == (("Cookie", "a=1; b=1; c=1"),)
    now[0] += 20
    assert cookies.add_to((), SHOP) == (("Cookie", "a=1; c=1"),)
    now[0] += 40
    assert cookies.add_to((), SHOP) == (("Cookie", "c=1"),)


async def test_a_cookie_that_is_set_anew_replaces_that_of_the_users_header(fetcher):
    answers = [ok(b"", "Location: /x", "Set-Cookie: sid=new; Path=/", status="302 X"), ok(b"")]
    async with serving(answering(*answers, close=False)) as server:
        await fetcher.fetch(Request(server.url, headers=[("Cookie", "sid=old; lang=de;"), ("cookie", "theme=1")]))
    assert cookie_of(server.heads[1]) == "lang=de; theme=1; sid=new"


def test_cookies_of_one_name_and_different_paths_are_both_sent_the_longer_path_first():
    cookies = SessionCookies()
    cookies.store(SHOP, ["a=1; Path=/", "b=2; Path=/", "a=3; Path=/x"])
    assert cookies.add_to((), SHOP / "x") == (("Cookie", "a=3; a=1; b=2"),)
    assert cookies.add_to((), SHOP / "y") == (("Cookie", "a=1; b=2"),)


def test_a_full_jar_still_changes_and_deletes():
    cookies = SessionCookies()
    cookies.store(SHOP, [f"c{number}=1" for number in range(MAX_COOKIES)])
    cookies.store(SHOP, ["c0=2", "new=1"])
    cookies.store(SHOP, [f"c{number}=1; Max-Age=0" for number in range(1, MAX_COOKIES)])
    assert cookies.add_to((), SHOP) == (("Cookie", "c0=2"),)


def test_no_request_has_more_cookies_than_servers_read():
    cookies = SessionCookies()
    cookies.store(SHOP, [f"c{number}={'x' * 4000}" for number in range(9)])
    [(_, value)] = cookies.add_to((), SHOP)
    assert [pair[:2] for pair in value.split("; ")] == ["c0", "c1"]
