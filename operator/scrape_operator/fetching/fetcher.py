"""The HTTP client of a process, and the sessions that runs fetch through. `wiring` opens one with `open_fetcher`."""

import ssl
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.net.access import NO_ACCESS, Access, OAuth2Auth
from scrape_operator.core.net.addresses import Network
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.net.urls import origin_of, parse_http_url
from scrape_operator.core.ports import SecretReader
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.fetching.admission import PolicyAdmission, check_host
from scrape_operator.fetching.auth.identity import Identity, identity_of
from scrape_operator.fetching.auth.oauth2 import Client, TokenCache
from scrape_operator.fetching.auth.secrets import read_secrets
from scrape_operator.fetching.body.memory import BodyMemory
from scrape_operator.fetching.day_budgets import DayBudgets, DaySpending
from scrape_operator.fetching.exchange import Environment
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.breaker import BreakerPolicy, CoolDown
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.hosts.gate import HostObserver, Requester
from scrape_operator.fetching.session import FetchSession, IdentitySource
from scrape_operator.fetching.transport import ScrapeTransport, shared_ssl_context
from scrape_operator.fetching.zone import Zone
from scrape_operator.settings import Settings

LONGEST_COOL_DOWN = timedelta(minutes=15)
MAX_SCOPES = 1024
"""So many policies of namespaces have budgets in memory."""

MAX_ZONES = 64
"""So many different sets of networks have connections; the one that was not used for longest is closed."""

UNBOUNDED = HostBudget(100_000)
"""For hosts that a namespace's policy does not name: the budgets of all schedules bound them."""

Networks = frozenset[Network]
TransportFactory = Callable[[Networks | None], httpx.AsyncBaseTransport]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HttpFetcher:
    """Opens sessions over shared connections, budgets, tokens and robots.txt files.

    `open_transport` returns a transport that may connect to networks outside the public internet; None means those
    of the operator's settings. `now` gives an aware instant; only a Retry-After that is a date needs it. Without
    `day_budgets`, the budgets of days are not counted.
    """

    def __init__(
        self,
        open_transport: TransportFactory,
        *,
        user_agent: str,
        hosts: HostBudgets,
        secrets: SecretReader | None = None,
        memory: BodyMemory | None = None,
        day_budgets: DayBudgets | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self.hosts = hosts
        self._memory = memory or BodyMemory()
        self._day_budgets = day_budgets
        self._open_transport = open_transport
        self._user_agent = user_agent
        self._secrets = secrets
        self._clock = clock
        self._now = now
        self._tracer = tracer
        self._scopes: OrderedDict[str, HostBudgets] = OrderedDict()
        self._zones: OrderedDict[Networks | None, Zone] = OrderedDict()
        self._retired: list[Zone] = []

    def open_session(
        self,
        requester: Requester,
        retry: RetryPolicy,
        access: Access | None = None,
        policy: FetchPolicy = DEFAULT_POLICY,
    ) -> FetchSession:
        """Return the fetcher of one target in one run.

        With `access`, the origin of the first request is the target's: its credentials, and headers that may be
        secret, are sent to no other. Without, each request is sent as it is, which suits the adapters of platforms.
        """
        return self._open_session(requester, retry, access, policy, self._zone(policy.networks).transport)

    def _open_session(
        self,
        requester: Requester,
        retry: RetryPolicy,
        access: Access | None,
        policy: FetchPolicy,
        transport: httpx.AsyncBaseTransport,
    ) -> FetchSession:
        zone = self._zone(policy.networks)
        user_agent = policy.user_agent or self._user_agent
        spending = self._spending(policy)
        environment = Environment(
            transport,
            (*self._scoped_budgets(policy), self.hosts),
            requester,
            user_agent,
            self._now,
            PolicyAdmission(policy, zone, user_agent, requester.deadline, spending),
            memory=self._memory,
            spending=spending,
            tracer=self._tracer,
        )
        tokens = _RunTokens(zone.tokens, requester.deadline, spending)
        identify = None if access is None else self._identity_source(requester, access, policy, tokens)
        return FetchSession(environment, retry, identify=identify)

    async def aclose(self) -> None:
        """Close all connections."""
        for zone in (*self._zones.values(), *self._retired):
            await zone.transport.aclose()

    def _zone(self, networks: Networks | None) -> Zone:
        zone = self._zones.get(networks)
        if zone is None:
            transport = self._open_transport(networks)
            zone = Zone(transport, self.hosts, self._user_agent, self._clock, self._now, self._tracer)
            self._zones[networks] = zone
            if len(self._zones) > MAX_ZONES:
                self._retired.append(self._zones.popitem(last=False)[1])
        self._zones.move_to_end(networks)
        return zone

    def _spending(self, policy: FetchPolicy) -> DaySpending | None:
        if self._day_budgets is None or not policy.day_limits:
            return None
        return DaySpending(self._day_budgets, policy.day_limits)

    def _scoped_budgets(self, policy: FetchPolicy) -> tuple[HostBudgets, ...]:
        """Return the budgets of a namespace's policy, which count for the schedules under it alone."""
        if not policy.scope:
            return ()
        budgets = self._scopes.get(policy.scope)
        if budgets is None:
            budgets = self._scopes[policy.scope] = HostBudgets(UNBOUNDED, policy.budgets, clock=self._clock)
            if len(self._scopes) > MAX_SCOPES:
                self._scopes.popitem(last=False)
        budgets.set_rules(policy.budgets)
        self._scopes.move_to_end(policy.scope)
        return (budgets,)

    def _identity_source(
        self, requester: Requester, access: Access, policy: FetchPolicy, tokens: "_RunTokens"
    ) -> IdentitySource:
        async def identify(address: str) -> Identity:
            if access == NO_ACCESS:
                return Identity(origin_of(parse_http_url(address)))
            secrets = await read_secrets(self._secrets, requester.namespace, access)
            try:
                if isinstance(access.auth, OAuth2Auth):
                    check_host(policy, parse_http_url(access.auth.token_url))
                return identity_of(parse_http_url(address), access, secrets, tokens)
            except HopFailed as failure:
                raise ScrapeFailed(failure.reason, f"auth: {failure.message}") from failure
            except InvalidValue as error:
                raise ScrapeFailed(Reason.INVALID_SPEC, f"auth.oauth2.tokenURL: {error}") from error

        return identify


@dataclass(frozen=True, slots=True)
class _RunTokens:
    """The tokens of all runs, with the deadline of one and what its requests are counted under."""

    cache: TokenCache
    deadline: Deadline
    spending: DaySpending | None

    async def token(self, client: Client) -> str:
        return await self.cache.token(client, self.deadline, self.spending)

    def discard(self, client: Client, token: str) -> bool:
        return self.cache.discard(client, token)

    def is_valid(self, client: Client, token: str) -> bool:
        return self.cache.is_valid(client, token)

    def is_at_hand(self, client: Client) -> bool:
        return self.cache.is_at_hand(client)


def budgets_of(settings: Settings, observer: HostObserver | None = None) -> HostBudgets:
    """Return the budgets and breakers of the settings."""
    pace = timedelta(seconds=settings.host_min_interval_seconds)
    cool_down = CoolDown(timedelta(seconds=settings.breaker_cooldown_seconds), LONGEST_COOL_DOWN)
    return HostBudgets(
        HostBudget(settings.host_max_concurrent, pace), breaker=BreakerPolicy(refusal=cool_down), observer=observer
    )


@asynccontextmanager
async def open_fetcher(
    settings: Settings,
    *,
    ssl_context: ssl.SSLContext | None = None,
    hosts: HostBudgets | None = None,
    secrets: SecretReader | None = None,
    memory: BodyMemory | None = None,
    day_budgets: DayBudgets | None = None,
    tracer: Tracer = NO_TRACER,
) -> AsyncIterator[HttpFetcher]:
    """Open the fetcher of a process; leaving the block closes its connections.

    `hosts` are the budgets to keep, by default those of the settings. `ssl_context` replaces the default trust in
    Mozilla's and the system's roots. Without `secrets`, targets that refer to Secrets fail. `memory` bounds the bodies
    that are held at the same time. Without `day_budgets`, the budgets of days are not counted.
    """
    context = ssl_context or shared_ssl_context()

    def open_transport(networks: Networks | None) -> ScrapeTransport:
        return ScrapeTransport(allow=settings.allow_cidrs if networks is None else tuple(networks), ssl_context=context)

    budgets = hosts or budgets_of(settings)
    fetcher = HttpFetcher(
        open_transport,
        user_agent=settings.user_agent,
        hosts=budgets,
        secrets=secrets,
        memory=memory,
        day_budgets=day_budgets,
        tracer=tracer,
    )
    try:
        yield fetcher
    finally:
        await fetcher.aclose()
