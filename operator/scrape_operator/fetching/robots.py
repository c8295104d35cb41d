"""The robots.txt of each origin (RFC 9309), read once for all schedules and kept for a day."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from yarl import URL

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.deadline import TIMEOUT_FIELD, Deadline
from scrape_operator.core.net.documents import Purpose, Request, Response, Traffic
from scrape_operator.core.net.robots import RobotsRules, parse_robots
from scrape_operator.core.recent import Recent
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import parse_retry_after
from scrape_operator.fetching.day_budgets import UNSPENT
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.route import Route
from scrape_operator.fetching.status_reasons import is_success

ROBOTS_SECONDS = 10.0
"""How long a robots.txt may take, inside the run's deadline."""

KEPT_SECONDS = 86_400.0
FAILURE_KEPT_SECONDS = 10.0
UNREACHED_KEPT_SECONDS = 1.0
MAX_RETRY_AFTER_SECONDS = 3600.0
"""The longest Retry-After, in seconds, that delays the next request for a robots.txt."""

MAX_ORIGINS = 4096

_TEMPORARY = frozenset({408, 425, 429})
"""Statuses of the class 4xx that do not say that there is no robots.txt: what was read before stays in force."""

_MAX_REDIRECTS = 5  # RFC 9309 section 2.3.1.2
_MAX_BODY_BYTES = 2**20  # more than is parsed: a compressed one is cut up to 64 KiB before
_LARGE_BYTES = 65_536
_UNREACHED = frozenset({Reason.CONNECT_ERROR, Reason.DNS_ERROR, Reason.TLS_ERROR, Reason.BLOCKED_ADDRESS})


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of one origin: its rules, or why there are none."""

    until: float
    rules: RobotsRules = RobotsRules()
    failure: tuple[Reason, str] | None = None

    @property
    def is_unspent(self) -> bool:
        """Whether the run that asked was not allowed to: that says nothing about the origin."""
        return self.failure is not None and self.failure[0] in UNSPENT


class RobotsSession(Protocol):
    """Reads one robots.txt."""

    async def fetch(self, request: Request) -> Response:
        """Fetch, following redirects. Raises ScrapeFailed."""

    @property
    def traffic(self) -> Traffic:
        """Return what was sent so far."""


OpenSession = Callable[[], RobotsSession]
Key = tuple[str, str, Route]
"""Origin, User-Agent, and the way to the origin: a server that one target reaches by its own roots fails for others."""


class RobotsCache:
    """Answers whether an address may be requested. `clock` gives seconds that never jump, `now` an aware instant."""

    def __init__(self, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._clock = clock
        self._now = now
        self._kept: Recent[Key, _Kept] = Recent(MAX_ORIGINS)
        self._requests: dict[Key, asyncio.Task[_Kept]] = {}

    async def check(
        self, url: URL, user_agent: str, route: Route, open_session: OpenSession, deadline: Deadline
    ) -> float:
        """Return the crawl-delay in seconds for an address that may be requested.

        `open_session` opens the session that reads a robots.txt which is not known yet, by the same `route`.

        Raises:
            HopFailed: RobotsDisallowed, with the line that disallows it, or the reason why no rules are known. If
                the host was not even connected to, its own reason, since the address itself would meet it. Timeout
                if the run's deadline comes first.

        """
        key = (str(url.origin()), user_agent, route)
        kept = self._kept.get(key)
        if kept is None or self._clock() >= kept.until:
            kept = await self._wait(key, open_session, deadline)
        if kept.failure is not None:
            reason, message = kept.failure
            raise HopFailed(reason, message, sent=False)
        find, path = kept.rules.decisive_rule, url.raw_path_qs
        rule = await asyncio.to_thread(find, path) if kept.rules.has_many else find(path)
        if rule is not None and not rule.allows:
            raise HopFailed(Reason.ROBOTS_DISALLOWED, f"disallows {url.raw_path[:80]} (robots.txt, {rule})", sent=False)
        return kept.rules.crawl_delay

    def verdict(self, url: str, user_agent: str) -> str:
        """Return what the robots.txt that was read last says of an address, for a person."""
        address = URL(url, encoded=True)
        origin = str(address.origin())
        kept = next((kept for key, kept in self._kept.items() if key[:2] == (origin, user_agent)), None)
        if kept is None:
            return "not read"
        if kept.failure is not None:
            return f"not read: {kept.failure[1]}"
        rule = kept.rules.decisive_rule(address.raw_path_qs)
        if rule is None:
            return "allowed: no rule of robots.txt names it"
        return f"{'allowed' if rule.allows else 'disallowed'} by robots.txt, {rule}"

    async def _wait(self, key: Key, open_session: OpenSession, deadline: Deadline) -> _Kept:
        """Return what the request that is under way brings, or one of its own.

        A request that the budget of one run does not allow is made at the expense of another one that waits.
        """
        while True:
            request = self._requests.get(key)
            is_own = request is None
            if request is None:
                request = self._requests[key] = asyncio.create_task(self._fetch(key, open_session), name="robots.txt")
                request.add_done_callback(lambda _: self._requests.pop(key, None))
            try:
                async with asyncio.timeout(deadline.remaining()):
                    kept = await asyncio.shield(request)
            except TimeoutError as error:
                message = f"did not answer the request for robots.txt before the run's deadline ({TIMEOUT_FIELD})"
                raise HopFailed(Reason.TIMEOUT, message, sent=False) from error
            if is_own or not kept.is_unspent:
                return kept

    async def _fetch(self, key: Key, open_session: OpenSession) -> _Kept:
        origin, user_agent, _ = key
        request = Request(
            f"{origin}/robots.txt",
            headers=(("User-Agent", user_agent),),
            timeout=ROBOTS_SECONDS,
            max_redirects=_MAX_REDIRECTS,
            max_body_bytes=_MAX_BODY_BYTES,
            success_status=("2xx", "4xx"),
            is_body_cut=True,
            purpose=Purpose.ROBOTS,
        )
        session = open_session()
        try:
            answer = await session.fetch(request)
            if answer.status in _TEMPORARY:
                kept = self._refused(answer, self._kept.get(key))
            else:
                kept = await self._answered(answer, user_agent)
        except ScrapeFailed as failure:
            if failure.reason in UNSPENT:
                return _Kept(self._clock(), failure=(failure.reason, failure.message.partition(" ")[2]))
            kept = self._after(failure, self._kept.get(key), was_sent=session.traffic.requests > 0)
        self._kept[key] = kept
        return kept

    async def _answered(self, answer: Response, user_agent: str) -> _Kept:
        """Return the rules of an answer. One that is no success says that there is no robots.txt."""
        body = answer.body if is_success(answer.status, ("2xx",)) else b""
        if len(body) > _LARGE_BYTES:
            rules = await asyncio.to_thread(parse_robots, body, user_agent)
        else:
            rules = parse_robots(body, user_agent)
        return _Kept(self._clock() + KEPT_SECONDS, rules)

    def _refused(self, answer: Response, before: _Kept | None) -> _Kept:
        """Return what counts after an answer that asks for another try: the rules of before, or none."""
        asked = parse_retry_after(answer.headers.get("retry-after", ""), self._now()) or timedelta(0)
        seconds = min(max(asked.total_seconds(), FAILURE_KEPT_SECONDS), MAX_RETRY_AFTER_SECONDS)
        return _Kept(self._clock() + seconds, RobotsRules() if before is None else before.rules)

    def _after(self, failure: ScrapeFailed, before: _Kept | None, *, was_sent: bool) -> _Kept:
        """Return what counts after a failure: the rules of before, if there were any (RFC 9309 section 2.4)."""
        until = self._clock() + FAILURE_KEPT_SECONDS
        if before is not None and before.failure is None:
            return _Kept(until, before.rules)
        if failure.reason in _UNREACHED and not was_sent:
            message = failure.message.partition(" ")[2]
            return _Kept(self._clock() + UNREACHED_KEPT_SECONDS, failure=(failure.reason, message))
        message = f"gets no requests while its robots.txt cannot be read: {failure.message}"
        return _Kept(until, failure=(Reason.ROBOTS_DISALLOWED, message))
