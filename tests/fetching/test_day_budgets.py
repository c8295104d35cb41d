"""Budgets of days over real sockets: every request counts, and the server never sees one more."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aiohttp import web

from scrape_operator.core.errors import ScrapeFailed, StoreUnavailable
from scrape_operator.core.net.access import Access, OAuth2Auth
from scrape_operator.core.net.day_budgets import DayCount, DayLimit, Unit, grant
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.fetching.day_budgets import DAYS_KEPT, DayBudgets
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.settings import Settings
from tests.fetching.servers import ok, redirect, serving
from tests.support.clock import ManualClock
from tests.support.fetching import NO_RETRY, requester
from tests.support.secrets import MemorySecrets
from tests.support.waiting import eventually
from tests.support.web import served

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
TODAY = NOON.date()
THREE_TRIES = RetryPolicy(3, timedelta(milliseconds=1), timedelta(milliseconds=1))


class MemoryDays:
    """A DayBudgetStore in memory, which is away while a test says so."""

    def __init__(self):
        self.counts = {}
        self.writes = 0
        self.pruned = []
        self.away = False
        self.held = None

    def counted(self, key="ScrapePolicy/default/shop", unit=Unit.REQUESTS, day=TODAY):
        return self.counts.get((key, unit, day), 0)

    async def reserve_day(self, demand):
        await self._answer()
        place = (demand.limit.key, demand.limit.unit, demand.day)
        got = grant(self.counts.get(place, 0), demand)
        self.counts[place] = got.counted
        return got

    async def release_day(self, demand):
        await self._answer()
        self.counts[demand.limit.key, demand.limit.unit, demand.day] -= demand.wanted

    async def read_day(self, day):
        await self._answer()
        return [DayCount(key, unit, count) for (key, unit, at), count in self.counts.items() if at == day]

    async def prune_days(self, before):
        self.pruned.append(before)

    async def _answer(self):
        self.writes += 1
        if self.held is not None:
            await self.held.wait()
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable("connection refused")


def requests(limit, name="shop"):
    return DayLimit(f"ScrapePolicy/default/{name}", f"ScrapePolicy {name}", Unit.REQUESTS, limit)


def read_bytes(limit, name="shop"):
    return DayLimit(f"ScrapePolicy/default/{name}", f"ScrapePolicy {name}", Unit.BYTES, limit)


@pytest.fixture
async def days(trusting):
    """Return a fetcher whose day budgets are in memory, under a clock that the test moves."""
    clock, store = ManualClock(NOON), MemoryDays()
    budgets = DayBudgets(store, clock.now)
    secrets = MemorySecrets({"oauth": {"client_id": "id", "client_secret": "secret"}})
    settings = Settings(allow_cidrs="127.0.0.0/8")
    async with open_fetcher(settings, ssl_context=trusting, secrets=secrets, day_budgets=budgets) as fetcher:
        yield SimpleNamespace(fetcher=fetcher, store=store, clock=clock, budgets=budgets)


def session(days, *limits, key="test", obey=False, retry=NO_RETRY, access=None):
    policy = FetchPolicy(obey_robots=obey, day_limits=limits)
    return days.fetcher.open_session(requester(key, seconds=60), retry, access, policy)


async def pages(head, writer):
    path = head.split()[1]
    if path == b"/redirect":
        writer.write(redirect("/page"))
    elif path == b"/broken":
        writer.write(ok(status="500 Oops"))
    elif path == b"/large":
        writer.write(ok(bytes(300_000)))
    else:
        writer.write(ok(b"x" * 100))


async def outcome(fetching):
    """Return the reason of a fetch that fails, or None."""
    try:
        await fetching
    except ScrapeFailed as failure:
        return failure
    return None


async def reasons(*fetches):
    failures = [await outcome(fetching) for fetching in fetches]
    return [failure and failure.reason for failure in failures]


async def test_the_server_sees_as_many_requests_as_the_budget_and_not_one_more(days):
    async with serving(pages) as server:
        sessions = [session(days, requests(100), key=f"schedule {number}") for number in range(20)]
        fetches = [one.fetch(Request(f"{server.url}/{number}")) for number in range(10) for one in sessions]
        failures = await asyncio.gather(*(outcome(fetching) for fetching in fetches))
    assert len(server.heads) == 100
    refused = [failure for failure in failures if failure is not None]
    assert (len(refused), {failure.reason for failure in refused}) == (100, {Reason.BUDGET_EXHAUSTED})
    message = refused[0].message
    assert "the 100 requests of a day of ScrapePolicy shop (ceilings.requestsPerDay) are used up" in message
    assert "until 2026-11-30T00:00:00Z" in message


async def test_few_requests_write_to_the_database(days):
    async with serving(pages) as server:
        one = session(days, requests(1_000))
        for number in range(100):
            await one.fetch(Request(f"{server.url}/{number}"))
    assert (days.store.writes, days.store.counted()) == (10, 100)


async def test_a_crash_loses_a_portion_and_never_spends_more(days, trusting):
    async with serving(pages) as server:
        await session(days, requests(1_000)).fetch(Request(server.url))
        budgets = DayBudgets(days.store, days.clock.now)
        await budgets.load()
        async with open_fetcher(
            Settings(allow_cidrs="127.0.0.0/8"), ssl_context=trusting, day_budgets=budgets
        ) as restarted:
            days.fetcher = restarted
            one = session(days, requests(1_000))
            while await outcome(one.fetch(Request(server.url))) is None:
                pass
    assert len(server.heads) == 1_000 - 9


async def test_an_orderly_end_loses_nothing(days, trusting):
    async with serving(pages) as server:
        await session(days, requests(1_000)).fetch(Request(server.url))
        await days.budgets.release()
        assert days.store.counted() == 1
    days.store.away = True
    await days.budgets.release()


@pytest.mark.parametrize(
    ("path", "retry", "sent"), [("/redirect", NO_RETRY, 2), ("/broken", THREE_TRIES, 3), ("/page", NO_RETRY, 1)]
)
async def test_redirects_and_tries_count(days, path, retry, sent):
    async with serving(pages) as server:
        await outcome(session(days, requests(50), retry=retry).fetch(Request(server.url + path)))
        assert (len(server.heads), days.store.counted()) == (sent, sent)


async def test_robots_txt_counts_for_the_run_that_has_it_read(days):
    async with serving(pages) as server:
        for name in ("shop", "other"):
            await session(days, requests(50, name), obey=True).fetch(Request(server.url + "/page"))
    assert (days.store.counted(), days.store.counted("ScrapePolicy/default/other")) == (2, 1)


async def test_a_robots_txt_that_one_run_may_not_read_is_read_by_another(days):
    limits = (requests(1), requests(50, "other"))
    async with serving(pages) as server:
        await session(days, limits[0]).fetch(Request(server.url + "/page"))
        days.store.held = asyncio.Event()
        fetches = [
            asyncio.ensure_future(outcome(session(days, limit, obey=True).fetch(Request(server.url + "/page"))))
            for limit in limits
        ]
        await asyncio.sleep(0)
        days.store.held.set()
        refused, fine = await asyncio.gather(*fetches)
    assert (refused.reason, fine) == (Reason.BUDGET_EXHAUSTED, None)
    assert [head.split()[1] for head in server.heads] == [b"/page", b"/robots.txt", b"/page"]


async def test_a_token_counts_for_the_run_that_asks_for_it(days):
    issued = []

    async def token(request):
        issued.append(request)
        return web.json_response({"access_token": "t", "token_type": "Bearer"})

    async def page(request):
        return web.Response(text="fine")

    app = web.Application()
    app.add_routes([web.post("/token", token), web.get("/page", page)])
    async with served(app) as url:
        access = Access(auth=OAuth2Auth(f"{url}/token", "oauth"))
        poor, rich = (
            session(days, requests(limit, name), access=access) for limit, name in ((1, "shop"), (9, "other"))
        )
        assert await reasons(poor.fetch(Request(f"{url}/page"))) == [Reason.BUDGET_EXHAUSTED]
        assert (issued, days.store.counted()) == ([], 1)
        assert await reasons(rich.fetch(Request(f"{url}/page")), rich.fetch(Request(f"{url}/page"))) == [None, None]
        assert (len(issued), days.store.counted("ScrapePolicy/default/other")) == (1, 3)
        assert await reasons(poor.fetch(Request(f"{url}/page")), poor.fetch(Request(f"{url}/page"))) == [
            None,
            Reason.BUDGET_EXHAUSTED,
        ]


async def test_what_is_not_sent_does_not_count(days):
    async with serving(pages) as server:
        url = server.url
        one = session(days, requests(2))
        assert await reasons(one.fetch(Request("http://127.0.0.1:1/")), one.fetch(Request("http://10.0.0.1/"))) == [
            Reason.CONNECT_ERROR,
            Reason.BLOCKED_ADDRESS,
        ]
        fetches = [one.fetch(Request(url)) for _ in range(3)]
        assert await reasons(*fetches) == [None, None, Reason.BUDGET_EXHAUSTED]
    assert len(server.heads) == 2


async def test_two_policies_count_each_by_itself(days):
    cluster = DayLimit("ClusterScrapePolicy/default", "ClusterScrapePolicy default", Unit.REQUESTS, 5)
    async with serving(pages) as server:
        first, second = session(days, cluster, requests(3)), session(days, cluster, requests(9, "other"))
        failures = [await outcome(first.fetch(Request(server.url))) for _ in range(4)]
        assert "ScrapePolicy shop" in failures[3].message
        failures = [await outcome(second.fetch(Request(server.url))) for _ in range(3)]
        assert "ClusterScrapePolicy default" in failures[2].message
    assert len(server.heads) == 5
    assert days.budgets.used_up_policies == 2


async def test_a_day_begins_at_midnight_of_utc(days):
    async with serving(pages) as server:
        one = session(days, requests(2))
        assert await reasons(*(one.fetch(Request(server.url)) for _ in range(3))) == [
            None,
            None,
            Reason.BUDGET_EXHAUSTED,
        ]
        days.clock.advance(12 * 3600 - 1)
        assert days.budgets.used_up((requests(2),), days.clock.now()) is not None
        assert await reasons(one.fetch(Request(server.url))) == [Reason.BUDGET_EXHAUSTED]
        days.clock.advance(1)
        assert days.budgets.used_up((requests(2),), days.clock.now()) is None
        assert days.budgets.used_up_policies == 0
        days.store.pruned.clear()
        assert await reasons(one.fetch(Request(server.url))) == [None]
        assert days.store.pruned == [TODAY + timedelta(days=1) - DAYS_KEPT]
        days.clock.jump(-3600)
        assert await reasons(one.fetch(Request(server.url))) == [Reason.BUDGET_EXHAUSTED]


async def test_a_request_that_waits_over_midnight_counts_for_the_day_in_which_it_is_sent(days):
    async with serving(pages) as server:
        authority = server.url.removeprefix("http://")
        turns = [await days.fetcher.hosts.take(authority, requester(f"{n}"), 10.0) for n in range(3)]
        one = session(days, requests(5))
        waiting = asyncio.ensure_future(one.fetch(Request(server.url)))
        await eventually(lambda: days.fetcher.hosts.waiting)
        assert days.store.counted() == 1
        days.clock.advance(12 * 3600)
        for turn in turns:
            with turn:
                pass
        await waiting
    assert days.store.counted(day=NOON.date() + timedelta(days=1)) == 1


async def test_bytes_are_counted_as_they_arrive_and_a_body_beyond_is_cut_off(days):
    limits = (read_bytes(250), requests(50))
    async with serving(pages) as server:
        one = session(days, *limits)
        failures = [await outcome(one.fetch(Request(server.url))) for _ in range(4)]
        assert [failure and failure.reason for failure in failures] == [None, None, *[Reason.BUDGET_EXHAUSTED] * 2]
        assert "is not read to the end: the 250 bytes of a day" in failures[2].message
        assert "gets no request" in failures[3].message
        assert len(server.heads) == 3
    assert (days.store.counted(unit=Unit.BYTES), days.store.counted()) == (250, 3)


async def test_a_large_body_stops_near_the_limit(days):
    async with serving(pages) as server:
        one = session(days, read_bytes(150_000))
        assert await reasons(one.fetch(Request(server.url + "/large"))) == [Reason.BUDGET_EXHAUSTED]
        assert one.traffic.bytes <= 150_000 + 65_536 * 4
    assert days.store.counted(unit=Unit.BYTES) == 150_000


async def test_without_the_database_nothing_is_sent_that_is_not_reserved(days):
    async with serving(pages) as server:
        one = session(days, requests(300))
        await one.fetch(Request(server.url))
        days.store.away = True
        assert await reasons(*(one.fetch(Request(server.url)) for _ in range(3))) == [
            None,
            None,
            Reason.STORE_UNAVAILABLE,
        ]
        days.store.away = False
        assert await reasons(one.fetch(Request(server.url))) == [None]
    assert len(server.heads) == 4


async def test_a_limit_that_is_used_up_is_reported_once_and_again_when_some_was_given_back(days):
    reported: list[str] = []
    days.budgets.on_used_up = reported.append
    async with serving(pages) as server:
        one = session(days, requests(2))
        await reasons(*(one.fetch(Request(server.url)) for _ in range(4)))
        assert reported == ["ScrapePolicy/default/shop"]
        raised = session(days, requests(3))
        assert days.budgets.used_up((requests(3),), NOON) is None
        assert await reasons(raised.fetch(Request(server.url)), raised.fetch(Request(server.url))) == [
            None,
            Reason.BUDGET_EXHAUSTED,
        ]


async def test_a_process_that_starts_knows_what_was_spent(days):
    days.store.counts["ScrapePolicy/default/shop", Unit.REQUESTS, NOON.date()] = 1_000
    assert days.budgets.used_up((requests(1_000),), NOON) is None
    await days.budgets.load()
    assert days.budgets.used_up((requests(1_000),), NOON).limit == requests(1_000)
    assert days.budgets.used_up((requests(1_001),), NOON) is None
    assert days.store.pruned == [NOON.date() - DAYS_KEPT]


async def test_many_that_find_nothing_reserved_ask_the_database_once(days):
    async with serving(pages) as server:
        days.store.held = asyncio.Event()
        fetches = [
            asyncio.ensure_future(session(days, requests(100_000), key=f"{number}").fetch(Request(server.url)))
            for number in range(50)
        ]
        await asyncio.sleep(0)
        fetches[0].cancel()  # the first one leaves the others their portion
        days.store.held.set()
        answers = await asyncio.gather(*fetches, return_exceptions=True)
    assert sum(isinstance(answer, asyncio.CancelledError) for answer in answers) == 1
    assert (len(server.heads), days.store.writes, days.store.counted()) == (49, 1, 1_000)
