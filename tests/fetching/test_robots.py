"""robots.txt over real sockets: read once per origin, obeyed on every hop, and never a way inward."""

import asyncio
import gzip
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from functools import partial

import brotli
import pytest
from yarl import URL

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Request, Response, Traffic
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.fetching.robots import KEPT_SECONDS, MAX_RETRY_AFTER_SECONDS, RobotsCache
from scrape_operator.fetching.route import DIRECT
from scrape_operator.settings import Settings
from tests.fetching.servers import answering, never_ending, ok, redirect, resetting, serving
from tests.support.clock import ManualClock
from tests.support.fetching import NO_RETRY, requester


@pytest.fixture
async def http(trusting):
    async with open_fetcher(Settings(allow_cidrs="127.0.0.1/32"), ssl_context=trusting) as opened:
        yield opened


def session(http, policy=DEFAULT_POLICY, key="test", seconds=60.0):
    return http.open_session(requester(key, seconds=seconds), NO_RETRY, policy=policy)


def site(robots, page=None):
    """Answer /robots.txt with one answer or handler, and everything else with a page."""

    async def handle(head, writer):
        answer = robots if head.startswith(b"GET /robots.txt ") else (page or ok(b"page"))
        if isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(head, writer)

    return handle


def rules(*lines):
    return ok("\n".join(("User-agent: *", *lines)).encode())


async def failure(fetcher, url):
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(Request(url, timeout=20.0))
    return raised.value


async def test_an_allowed_page_is_read_and_robots_txt_is_no_request_of_the_target(http):
    async with serving(site(rules("Disallow: /private"))) as server:
        run = session(http)
        assert (await run.fetch(Request(server.url + "/public"))).body == b"page"
    assert [head.split()[1] for head in server.heads] == [b"/robots.txt", b"/public"]
    assert run.traffic.requests == 1


async def test_a_disallowed_page_is_never_requested_and_the_line_is_named(http):
    async with serving(site(rules("", "Disallow: /private"))) as server:
        run = session(http)
        failed = await failure(run, server.url + "/private/a?token=hunter2")
    assert failed.reason is Reason.ROBOTS_DISALLOWED
    assert "line 3: Disallow: /private" in failed.message
    assert "hunter2" not in failed.message
    assert [head.split()[1] for head in server.heads] == [b"/robots.txt"]
    assert run.traffic.requests == 0


async def test_it_is_read_once_for_all_schedules(http):
    async with serving(site(rules("Disallow: /x"))) as server:
        await asyncio.gather(*(session(http, key=f"{n}").fetch(Request(f"{server.url}/{n}")) for n in range(20)))
    assert sum(b"/robots.txt" in head for head in server.heads) == 1


async def test_each_user_agent_has_its_own_rules(http):
    robots = ok(b"User-agent: GoodBot\nDisallow:\nUser-agent: *\nDisallow: /")
    async with serving(site(robots)) as server:
        await session(http, FetchPolicy(user_agent="GoodBot/1.0")).fetch(Request(server.url))
        assert (await failure(session(http), server.url)).reason is Reason.ROBOTS_DISALLOWED
    assert b"User-Agent: GoodBot/1.0" in server.heads[0]


async def test_a_policy_may_ignore_it(http):
    async with serving(site(rules("Disallow: /"))) as server:
        await session(http, FetchPolicy(obey_robots=False)).fetch(Request(server.url))
    assert len(server.heads) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "401 No", "403 No", "410 Gone", "429 Slow"])
async def test_where_there_is_none_everything_is_allowed(http, status):
    async with serving(site(ok(b"User-agent: *\nDisallow: /", status=status))) as server:
        assert (await session(http).fetch(Request(server.url))).body == b"page"


@pytest.mark.parametrize(
    "robots",
    [
        ok(status="500 Oops"),
        ok(status="503 Busy"),
        redirect("http://169.254.169.254/"),
        redirect("http://10.0.0.1/robots.txt"),
        redirect("/robots.txt"),
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        resetting(b"HTTP/1.1 200 OK\r\n"),
        ok(b"x" * 100, "Content-Encoding: gzip"),
    ],
    ids=[
        "500",
        "503",
        "metadata",
        "inward",
        "a ring",
        "garbage",
        "short",
        "reset",
        "broken coding",
    ],
)
async def test_where_it_cannot_be_read_nothing_is_allowed(http, robots):
    async def cut(head, writer):
        writer.write(robots)
        await writer.drain()
        writer.close()

    async with serving(site(cut if isinstance(robots, bytes) else robots)) as server:
        failed = await failure(session(http), server.url + "/page")
    assert failed.reason is Reason.ROBOTS_DISALLOWED
    assert not any(b"/page" in head for head in server.heads)


async def test_a_redirect_of_it_is_followed(http):
    async with (
        serving(site(rules("Disallow: /page"))) as other,
        serving(site(redirect(other.url + "/robots.txt"))) as server,
    ):
        assert (await failure(session(http), server.url + "/page")).reason is Reason.ROBOTS_DISALLOWED


async def test_a_redirect_of_a_page_is_under_the_rules_of_its_own_origin(http):
    async with (
        serving(site(rules("Disallow: /secret"))) as other,
        serving(site(rules(), redirect(other.url + "/secret"))) as server,
    ):
        run = session(http)
        failed = await failure(run, server.url + "/page")
    assert failed.reason is Reason.ROBOTS_DISALLOWED
    assert [head.split()[1] for head in other.heads] == [b"/robots.txt"]
    assert run.traffic.requests == 1


async def test_it_has_no_more_time_than_the_run(http):
    async with serving(never_ending()) as server:
        failed = await failure(session(http, seconds=0.2), server.url + "/page")
    assert failed.reason is Reason.TIMEOUT
    assert "robots.txt" in failed.message


async def test_its_own_time_is_not_called_the_runs(http, monkeypatch):
    monkeypatch.setattr("scrape_operator.fetching.robots.ROBOTS_SECONDS", 0.1)
    async with serving(never_ending()) as server:
        failed = await failure(session(http), server.url + "/page")
    assert failed.reason is Reason.ROBOTS_DISALLOWED
    assert "within 0.1 s, which is the time for robots.txt" in failed.message


async def test_a_host_that_is_not_even_connected_to_has_its_own_reason(http):
    async with serving(site(rules())) as server:
        url = server.url
    assert (await failure(session(http), url)).reason is Reason.CONNECT_ERROR
    assert (await failure(session(http), "http://nowhere.invalid/")).reason is Reason.DNS_ERROR
    assert (await failure(session(http), "http://10.0.0.1/")).reason is Reason.BLOCKED_ADDRESS


async def test_a_crawl_delay_is_the_pace_of_the_host(http):
    async with serving(site(rules("Crawl-delay: 0.2"))) as server:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(session(http, key=f"{n}").fetch(Request(server.url)) for n in range(3)))
        took = asyncio.get_running_loop().time() - began
    assert took >= 0.4


async def test_a_denied_host_is_not_even_asked_for_its_robots_txt(http):
    async with serving(site(rules())) as server:
        policy = FetchPolicy(deny_hosts=frozenset({"127.0.0.1"}))
        failed = await failure(session(http, policy), server.url)
    assert (failed.reason, server.heads) == (Reason.POLICY_DENIED, [])


class ManualCache:
    """A cache over answers that a test prepares, on a clock that a test moves."""

    def __init__(self):
        self.clock = ManualClock()
        self.cache = RobotsCache(self.clock.monotonic, self.clock.now)
        self.answers = []
        self.traffic = Traffic()

    async def fetch(self, request):
        answer = self.answers.pop(0)
        if isinstance(answer, ScrapeFailed):
            raise answer
        if isinstance(answer, Response):
            return answer
        return Response(request.url, 200, {}, answer)

    async def is_allowed(self, requests):
        self.traffic.requests = requests
        deadline = Deadline.after(60, self.clock.monotonic)
        try:
            await self.cache.check(URL("http://shop.example/a"), "Bot", DIRECT, lambda: self, deadline)
        except HopFailed as failure:
            return failure.reason
        return True


DOWN = ScrapeFailed(Reason.CONNECT_ERROR, "shop.example refused the connection")


async def test_rules_are_kept_for_a_day_and_longer_while_they_cannot_be_read():
    cache = ManualCache()
    cache.answers = [b"User-agent: *\nDisallow: /a", DOWN, b""]
    assert await cache.is_allowed(1) is Reason.ROBOTS_DISALLOWED
    cache.clock.advance(86_399)
    assert len(cache.answers) == 2
    assert await cache.is_allowed(1) is Reason.ROBOTS_DISALLOWED
    assert len(cache.answers) == 2
    cache.clock.advance(1)
    assert await cache.is_allowed(0) is Reason.ROBOTS_DISALLOWED
    assert len(cache.answers) == 1
    cache.clock.advance(10)
    assert await cache.is_allowed(1) is True


@pytest.mark.parametrize(
    ("requests", "reason", "seconds"), [(0, Reason.CONNECT_ERROR, 1), (1, Reason.ROBOTS_DISALLOWED, 10)]
)
async def test_a_failure_is_kept_for_a_short_time(requests, reason, seconds):
    cache = ManualCache()
    cache.answers = [DOWN, b""]
    assert await cache.is_allowed(requests) is reason
    cache.clock.advance(seconds - 0.1)
    assert await cache.is_allowed(requests) is reason
    cache.clock.advance(0.1)
    assert await cache.is_allowed(requests) is True


def refused(status: int, retry_after: str | None) -> Response:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Response("http://shop.example/robots.txt", status, headers, b"")


ASKED = pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 10), ("2", 10), ("25", 25), ("86400", MAX_RETRY_AFTER_SECONDS), ("soon", 10), ("9" * 400, 3600)],
)


@ASKED
@pytest.mark.parametrize("status", [408, 425, 429])
async def test_rules_stay_in_force_where_it_asks_for_another_try(status, asked, seconds):
    cache = ManualCache()
    cache.answers = [b"User-agent: *\nDisallow: /a", refused(status, asked), b""]
    await cache.is_allowed(1)
    cache.clock.advance(KEPT_SECONDS)
    assert await cache.is_allowed(1) is Reason.ROBOTS_DISALLOWED
    cache.clock.advance(seconds - 0.1)
    assert await cache.is_allowed(1) is Reason.ROBOTS_DISALLOWED
    assert len(cache.answers) == 1
    cache.clock.advance(0.1)
    assert await cache.is_allowed(1) is True


@ASKED
async def test_without_rules_of_before_it_is_read_again_soon(asked, seconds):
    cache = ManualCache()
    cache.answers = [refused(429, asked), b"User-agent: *\nDisallow: /a"]
    assert await cache.is_allowed(1) is True
    cache.clock.advance(seconds - 0.1)
    assert await cache.is_allowed(1) is True
    cache.clock.advance(0.1)
    assert await cache.is_allowed(1) is Reason.ROBOTS_DISALLOWED


@pytest.mark.parametrize(("ahead", "seconds"), [(25, 25), (-5, 10), (86_400, MAX_RETRY_AFTER_SECONDS)])
async def test_the_retry_after_of_a_refusal_may_be_a_date(ahead, seconds):
    cache = ManualCache()
    asked = format_datetime(cache.clock.now() + timedelta(seconds=ahead), usegmt=True)
    cache.answers = [refused(429, asked), b"User-agent: *\nDisallow: /a"]
    assert await cache.is_allowed(1) is True
    cache.clock.advance(seconds - 0.1)
    assert await cache.is_allowed(1) is True
    cache.clock.advance(0.1)
    assert await cache.is_allowed(1) is Reason.ROBOTS_DISALLOWED


async def test_a_host_that_refuses_everything_is_asked_for_the_page(http):
    async with serving(answering(ok(b"", "Retry-After: 25", status="429 Slow"))) as server:
        failed = await failure(session(http), server.url)
    assert (failed.reason, failed.http_status) == (Reason.RATE_LIMITED, 429)


PADDING = b"# " + b"x" * 77 + b"\n"
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "br": partial(brotli.compress, quality=1),
}


@pytest.mark.parametrize("rule", [b"Allow: /", b"Disallow: /page"])
@pytest.mark.parametrize("coding", ["", "gzip", "br"])
@pytest.mark.parametrize("size", [600_000, 1_100_000, 5 * 2**20])
async def test_a_file_that_is_too_large_is_cut(http, size, coding, rule):
    body = b"User-agent: *\n" + rule + b"\n" + PADDING * (size // len(PADDING)) + b"Disallow: /page\n"
    answer = ok(ENCODERS[coding](body), f"Content-Encoding: {coding or 'identity'}")
    async with serving(site(answer)) as server:
        if rule.startswith(b"Allow"):
            assert (await session(http).fetch(Request(server.url + "/page"))).body == b"page"
        else:
            assert "line 2" in (await failure(session(http), server.url + "/page")).message


async def test_a_body_without_end_is_read_as_far_as_it_counts(http):
    async with serving(site(never_ending(b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\n", PADDING * 1000))) as server:
        assert (await session(http).fetch(Request(server.url + "/page"))).body == b"page"
