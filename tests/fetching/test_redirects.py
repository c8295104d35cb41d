from dataclasses import replace

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.urls import parse_http_url
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.redirects import Hop
from tests.fetching.servers import answering, ok, redirect, serving

SECRETS = [
    ("Authorization", "Bearer hunter2"),
    ("Cookie", "a=hunter2"),
    ("Proxy-Authorization", "hunter2"),
    ("X-Token", "hunter2"),
    ("apikey", "hunter2"),
    ("Referer", "http://e.example/hunter2"),
]


def ask(url, **changes):
    return replace(Request(url, timeout=20.0), **changes)


async def failure(fetcher, request):
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(request)
    return raised.value


async def test_a_redirect_is_followed_and_its_end_is_the_address(fetcher):
    answers = [redirect("/b?x=1#part"), redirect("c"), ok(b"there")]
    async with serving(answering(*answers, close=False)) as server:
        response = await fetcher.fetch(ask(server.url + "/a", params=[("q", "1")], headers=[("X-Token", "t")]))
    assert (response.url, response.body, fetcher.traffic.requests) == (server.url + "/c", b"there", 3)
    assert [head.split()[1] for head in server.heads] == [b"/a?q=1", b"/b?x=1", b"/c"]
    assert all(b"X-Token: t\r\n" in head for head in server.heads)
    assert server.connections == 1


@pytest.mark.parametrize("limit", [0, 1, 5])
async def test_a_loop_ends_at_the_limit(fetcher, limit):
    async with serving(answering(redirect("/"))) as server:
        failed = await failure(fetcher, ask(server.url, max_redirects=limit))
    assert (failed.reason, failed.http_status) == (Reason.REDIRECT_ERROR, 302)
    assert (fetcher.traffic.requests, len(server.heads)) == (limit + 1, limit + 1)


async def test_as_many_redirects_as_the_limit_are_followed(fetcher):
    async with serving(answering(redirect("/1"), redirect("/2"), ok(b"end"))) as server:
        assert (await fetcher.fetch(ask(server.url, max_redirects=2))).body == b"end"


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", status="302 Found"),
        redirect("ftp://e.example/"),
        redirect("http://0x7f.1/"),
        redirect("http://user:hunter2@e.example/"),
        redirect("http://"),
        redirect("javascript:alert(1)"),
        redirect("file:///etc/passwd"),
        redirect("http://[::1"),
        redirect("\\\\e.example\\x"),
        ok(b"", "Location: /a", "Location: /b", status="301 Moved"),
    ],
    ids=["none", "ftp", "odd host", "userinfo", "no host", "script", "file", "bracket", "backslash", "two"],
)
async def test_a_redirect_without_a_usable_address_is_refused(fetcher, answer):
    async with serving(answering(answer)) as server:
        failed = await failure(fetcher, ask(server.url))
    assert (failed.reason, fetcher.traffic.requests) == (Reason.REDIRECT_ERROR, 1)
    assert "hunter2" not in failed.message


@pytest.mark.parametrize(
    ("success", "limit", "followed"),
    [(("2xx",), 5, True), ((200, "3xx"), 5, True), ((200, 302), 5, False), ((200, "3xx"), 0, False)],
)
async def test_a_redirect_that_was_asked_for_by_its_number_is_the_answer(fetcher, success, limit, followed):
    async with serving(answering(redirect("/b"), ok())) as server:
        response = await fetcher.fetch(ask(server.url, success_status=success, max_redirects=limit))
    assert response.status == (200 if followed else 302)


async def test_secrets_stay_with_the_origin_that_they_were_meant_for(fetcher):
    async with (
        serving(answering(ok(b"x"))) as other,
        serving(answering(redirect("/again"), redirect(other.url))) as server,
    ):
        harmless = [("Accept-Language", "en"), ("User-Agent", "mine")]
        await fetcher.fetch(ask(server.url, headers=[*SECRETS, *harmless]))
    assert server.heads[1].count(b"hunter2") == len(SECRETS)
    assert b"hunter2" not in other.heads[0]
    assert b"Accept-Language: en\r\n" in other.heads[0]
    assert b"User-Agent: mine\r\n" in other.heads[0]


async def test_secrets_do_not_come_back_with_the_origin(fetcher):
    async with (
        serving(answering(ok())) as other,
        serving(answering(redirect(other.url), ok(b"x"))) as server,
    ):
        other.handler = answering(redirect(server.url + "/back"))
        response = await fetcher.fetch(ask(server.url, headers=SECRETS))
    assert (response.url, fetcher.traffic.requests) == (server.url + "/back", 3)
    assert b"hunter2" in server.heads[0]
    assert b"hunter2" not in server.heads[1]


def hop(url, method="GET", headers=()):
    return Hop(method, parse_http_url(url), tuple(headers))


@pytest.mark.parametrize(
    ("start", "location", "kept"),
    [
        ("http://e.example/", "https://e.example/", True),
        ("http://e.example/", "http://e.example:80/x", True),
        ("http://e.example/", "https://e.example:8443/", False),
        ("http://e.example:8080/", "https://e.example/", False),
        ("http://e.example/", "https://www.e.example/", False),
        ("https://e.example/", "https://e.example:444/", False),
        ("https://e.example/", "//evil.example/", False),
    ],
    ids=str,
)
def test_what_counts_as_the_same_origin(start, location, kept):
    after = hop(start, headers=[("X-Token", "t"), ("Accept", "*/*")]).after(302, [location])
    assert (("X-Token", "t") in after.headers) is kept
    assert ("Accept", "*/*") in after.headers


@pytest.mark.parametrize(("name", "refused"), [(name, name != "Referer") for name, _ in SECRETS])
def test_credentials_are_not_followed_from_https_to_http(name, refused):
    start = hop("https://e.example/", headers=[(name, "hunter2"), ("Accept", "*/*")])
    if refused:
        with pytest.raises(HopFailed, match="https to http") as failed:
            start.after(302, ["http://e.example/"])
        assert failed.value.reason is Reason.REDIRECT_ERROR
    else:
        assert start.after(302, ["http://e.example/"]).headers == (("Accept", "*/*"),)


@pytest.mark.parametrize(
    ("method", "status", "after"),
    [
        ("GET", 301, "GET"),
        ("HEAD", 301, "HEAD"),
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("PUT", 302, "PUT"),
        ("POST", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("PUT", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
    ],
)
def test_the_method_of_the_next_hop(method, status, after):
    assert hop("http://e.example/", method).after(status, ["/x"]).method == after


CONTENT = [("Content-Type", "application/json"), ("content-language", "de"), ("Content-Encoding", "gzip")]


@pytest.mark.parametrize("status", ["307 Temporary Redirect", "308 Permanent Redirect"])
async def test_a_body_that_is_sent_to_another_origin_keeps_its_description_and_no_secret(fetcher, status):
    async with (
        serving(answering(ok(b"x"))) as other,
        serving(answering(redirect(other.url, status))) as server,
    ):
        await fetcher.fetch(ask(server.url, method="POST", body=b"{}", headers=[*CONTENT, *SECRETS]))
    assert other.heads[0].startswith(b"POST / ")
    assert b"Content-Length: 2\r\n" in other.heads[0]
    assert all(f"{name}: {value}\r\n".encode() in other.heads[0] for name, value in CONTENT)
    assert b"hunter2" not in other.heads[0]


@pytest.mark.parametrize("location", ["http://e.example/x", "http://other.example/"])
@pytest.mark.parametrize(
    ("method", "status", "is_kept"),
    [("POST", 302, False), ("POST", 303, False), ("PUT", 302, True), ("POST", 307, True), ("PATCH", 308, True)],
)
def test_the_description_of_a_body_goes_with_the_body(method, status, is_kept, location):
    after = hop("http://e.example/", method, CONTENT).after(status, [location])
    assert after.headers == (tuple(CONTENT) if is_kept else ())


def test_a_request_without_body_takes_no_description_to_another_origin():
    assert hop("http://e.example/", headers=CONTENT).after(302, ["http://other.example/"]).headers == ()


def test_the_description_of_a_body_is_no_credential():
    assert hop("https://e.example/", "POST", CONTENT).after(307, ["http://e.example/"]).headers == tuple(CONTENT)
