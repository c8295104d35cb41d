"""What requests share that may connect to the same networks: connections, robots.txt files, OAuth2 tokens."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
from yarl import URL

from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.net.urls import origin_of, parse_http_url
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.fetching.auth.identity import Identity
from scrape_operator.fetching.auth.oauth2 import TOKEN_SECONDS, TokenCache
from scrape_operator.fetching.day_budgets import DaySpending
from scrape_operator.fetching.exchange import Environment
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.robots import ROBOTS_SECONDS, RobotsCache
from scrape_operator.fetching.route import Route
from scrape_operator.fetching.session import FetchSession

_NO_RETRY = RetryPolicy(1, timedelta(seconds=1), timedelta(seconds=1))


class Zone:
    """Never shared among different sets of networks: a cached address or connection of one may be denied in another."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        hosts: HostBudgets,
        user_agent: str,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self.transport = transport
        self.robots = RobotsCache(clock, now)
        self.tokens = TokenCache(self._fetch_token, clock)
        self._hosts = hosts
        self._user_agent = user_agent
        self._clock = clock
        self._now = now
        self._tracer = tracer

    def open_robots_session(
        self, url: URL, user_agent: str, route: Route, spending: DaySpending | None
    ) -> FetchSession:
        """Return a session for the robots.txt of the origin of an address; `spending` is that of the run that asks."""
        identity = Identity(origin_of(url), route=route)
        return self._open_session("robots.txt", ROBOTS_SECONDS, user_agent, identity, spending)

    async def _fetch_token(self, request: Request, route: Route, spending: DaySpending | None) -> Response:
        identity = Identity(origin_of(parse_http_url(request.url)), route=route)
        session = self._open_session("OAuth2", TOKEN_SECONDS, self._user_agent, identity, spending)
        return await session.fetch(request)

    def _open_session(
        self, key: str, seconds: float, user_agent: str, identity: Identity, spending: DaySpending | None
    ) -> FetchSession:
        """Return a session for a request that serves many runs: it has a deadline of its own."""
        requester = Requester(key, Deadline.after(seconds, self._clock))
        environment = Environment(
            self.transport,
            (self._hosts,),
            requester,
            user_agent,
            self._now,
            identity=identity,
            spending=spending,
            tracer=self._tracer,
        )
        return FetchSession(environment, _NO_RETRY)
