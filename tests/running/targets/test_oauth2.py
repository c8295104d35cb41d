"""OAuth2 through whole runs, over real sockets and in virtual time: tokens end, are revoked, or do not come."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from aiohttp import web

from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunStatus, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.fetching.auth.oauth2 import TOKEN_SECONDS
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.transport import ScrapeTransport, default_ssl_context
from scrape_operator.planning.plans import RunPlan
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.running.targets.orchestrator import ScrapingOrchestrator
from tests.api.building import changed
from tests.support.secrets import MemorySecrets
from tests.support.virtual_time import LoopClock, run_virtual, virtual_time
from tests.support.web import served

LIFETIME = 300.0
RENEWED_AFTER = LIFETIME * 0.9
PAGES, PAGE_SECONDS = 10, 100.0


class Issuer:
    """A token endpoint, and a list of pages that want a token of it. Times are those of the loop."""

    def __init__(self) -> None:
        self.url = ""
        self.token_url = ""
        self.last_page = PAGES
        self.page_seconds = PAGE_SECONDS
        self.issued: list[float] = []
        self.ends: dict[str, float] = {}
        self.refused = 0
        self.pages = 0
        self.fails: Callable[[], Awaitable[web.Response]] | None = None
        self.asked = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/token", self.token), web.get("/pages", self.page)])
        return app

    async def token(self, _request: web.Request) -> web.Response:
        self.asked += 1
        if self.fails is not None:
            return await self.fails()
        token = f"token-{len(self.issued)}"
        self.issued.append(virtual_time())
        self.ends[token] = virtual_time() + LIFETIME
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME})

    async def page(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.ends.get(token, 0.0) <= virtual_time():
            self.refused += 1
            return web.Response(status=401)
        self.pages += 1
        await asyncio.sleep(self.page_seconds)
        number = int(request.query["page"])
        return web.json_response({"data": [{"id": number}] if number <= self.last_page else []})

    def revoke(self) -> None:
        """End every token that was issued."""
        self.ends.clear()


class Runs:
    """Runs targets that log in at an issuer."""

    def __init__(self, orchestrator: ScrapingOrchestrator, issuer: Issuer) -> None:
        self._orchestrator = orchestrator
        self._issuer = issuer

    async def run(self, number: int = 0, url: str = "", **http: Any) -> TargetResult:
        auth = {"oauth2": {"tokenURL": self._issuer.token_url, "secretRef": {"name": "client"}}}
        target = {
            "name": "main",
            "http": {"url": url or f"{self._issuer.url}/pages", "auth": auth, "timeout": "10m", **http},
            "retry": {"attempts": 1},
            "paginate": {"pageParam": {"name": "page"}, "maxPages": PAGES + 5},
            "extract": {"items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}]},
        }
        obj = changed({"targets": [target]})
        obj["metadata"] |= {"uid": f"uid-{number}", "generation": 1}
        plan = replace(compile_schedule(obj, timedelta(hours=1)), timeout=timedelta(hours=1))
        assert isinstance(plan.work, RunPlan), plan.findings
        now = LoopClock().now()
        claim = RunClaim(UUID(int=number), f"uid-{number}", "default", "example", 1, Due(now), now, now, "me", now)
        return await self._orchestrator.scrape_all(plan, plan.work, claim)[0].task


def with_issuer(work: Callable[[Issuer, Runs], Awaitable[None]], limit: int = 100) -> None:
    """Do the work with a served issuer, whose hosts get so many requests at a time; with 1, tokens have their own."""

    async def serve() -> None:
        issuer = Issuer()
        async with served(issuer.app()) as issuer.url, served(issuer.app()) as other, AsyncExitStack() as stack:
            issuer.token_url = f"{issuer.url if limit > 1 else other}/token"
            pool, fetcher = ExtractionPool(), open_fetcher(limit)
            stack.push_async_callback(pool.aclose)
            stack.push_async_callback(fetcher.aclose)
            await work(issuer, Runs(ScrapingOrchestrator(fetcher, pool, LoopClock()), issuer))

    run_virtual(serve(), has_sockets=True)


def open_fetcher(limit: int) -> HttpFetcher:
    transport = ScrapeTransport(allow=(ip_network("127.0.0.0/8"),), ssl_context=default_ssl_context())
    hosts = HostBudgets(HostBudget(limit), clock=virtual_time)
    secrets = MemorySecrets({"client": {"client_id": "id", "client_secret": "secret"}})
    return HttpFetcher(lambda _: transport, user_agent="test", hosts=hosts, secrets=secrets, clock=virtual_time)


def ids(result: TargetResult) -> list[Any]:
    return [int(str(item.data["id"])) for item in result.items]


def test_a_token_that_ends_in_the_middle_of_a_paged_run_is_renewed_before() -> None:
    async def test(issuer: Issuer, runs: Runs) -> None:
        result = await runs.run()
        assert (result.status, ids(result)) == (RunStatus.SUCCEEDED, list(range(1, PAGES + 1)))
        assert issuer.refused == 0
        apart = [later - earlier for earlier, later in zip(issuer.issued, issuer.issued[1:], strict=False)]
        assert all(RENEWED_AFTER <= seconds < LIFETIME + PAGE_SECONDS for seconds in apart)
        assert len(issuer.issued) == 4

    with_issuer(test)


def test_a_token_that_is_revoked_in_the_middle_of_a_paged_run_is_renewed_once() -> None:
    async def test(issuer: Issuer, runs: Runs) -> None:
        running = asyncio.ensure_future(runs.run())
        await asyncio.sleep(1.5 * PAGE_SECONDS)
        issuer.revoke()
        result = await running
        assert (result.status, ids(result)) == (RunStatus.SUCCEEDED, list(range(1, PAGES + 1)))
        assert issuer.refused == 1

    with_issuer(test)


def test_fifty_paged_schedules_of_one_client_ask_once_for_each_token() -> None:
    async def test(issuer: Issuer, runs: Runs) -> None:
        results = await asyncio.gather(*(runs.run(number) for number in range(50)))
        assert {result.status for result in results} == {RunStatus.SUCCEEDED}
        assert issuer.pages == 50 * (PAGES + 1)
        assert (issuer.refused, len(issuer.issued), issuer.asked) == (0, 4, 4)

    with_issuer(test)


def test_fifty_schedules_whose_token_is_revoked_ask_once_for_another() -> None:
    async def test(issuer: Issuer, runs: Runs) -> None:
        issuer.page_seconds = 0.2
        running = [asyncio.ensure_future(runs.run(number)) for number in range(50)]
        await asyncio.sleep(0.9)
        issuer.revoke()
        results = await asyncio.gather(*running)
        assert {result.status for result in results} == {RunStatus.SUCCEEDED}
        assert (0 < issuer.refused <= 50, issuer.asked) == (True, 2)

    with_issuer(test)


def test_an_endpoint_that_hangs_ends_every_run_that_waits_and_is_asked_again_by_the_next() -> None:
    async def hang() -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def test(issuer: Issuer, runs: Runs) -> None:
        issuer.fails = hang
        began = virtual_time()
        results = await asyncio.gather(*(runs.run(number) for number in range(20)))
        assert TOKEN_SECONDS <= virtual_time() - began < TOKEN_SECONDS + 1
        assert {(result.status, result.reason) for result in results} == {(RunStatus.FAILED, Reason.TIMEOUT)}
        assert results[0].message.startswith("token endpoint: ")
        assert (issuer.asked, issuer.pages) == (1, 0)
        issuer.fails = None
        assert (await runs.run()).status is RunStatus.SUCCEEDED

    with_issuer(test)


def test_an_endpoint_that_fails_is_asked_once_by_those_that_start_at_once_and_heals() -> None:
    async def down() -> web.Response:
        return web.Response(status=503)

    async def test(issuer: Issuer, runs: Runs) -> None:
        issuer.fails = down
        results = await asyncio.gather(*(runs.run(number) for number in range(50)))
        assert {(result.status, result.reason) for result in results} == {(RunStatus.FAILED, Reason.HTTP_STATUS)}
        assert (issuer.asked, issuer.pages) == (1, 0)
        issuer.fails = None
        assert (await runs.run()).status is RunStatus.SUCCEEDED

    with_issuer(test)


def test_a_token_that_ends_while_its_request_waits_for_a_turn_is_renewed_before_it_is_sent() -> None:
    async def test(issuer: Issuer, runs: Runs) -> None:
        issuer.page_seconds, issuer.last_page = 200.0, 1
        results = await asyncio.gather(*(runs.run(number) for number in range(3)))
        assert {(result.status, len(result.items)) for result in results} == {(RunStatus.SUCCEEDED, 1)}
        assert virtual_time() > 2 * LIFETIME
        assert (issuer.refused, issuer.pages) == (0, 6)

    with_issuer(test, limit=1)
