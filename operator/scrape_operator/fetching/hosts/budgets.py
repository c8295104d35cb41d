"""The budgets of all hosts that this process sends requests to. `exchange` takes a turn here for each hop.

A host is known by its authority: two ports are two services. A wait costs a future, but no connection and no time of
the request's own timeout.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget, HostRules
from scrape_operator.fetching.hosts.breaker import BreakerPolicy, SeenFailure
from scrape_operator.fetching.hosts.gate import GateTerms, HostGate, HostObserver, LimitNames, Requester, Turn

DEFAULT_BUDGET = HostBudget(4)
BROUGHT_SECONDS = 300.0
"""How long the budget of a platform, or the pace of a robots.txt, stays in force after the last request that set it."""
FEW_HOSTS = 1024
"""Idle hosts are looked for if there are more than this, and again when what was left has doubled."""

NO_RULES = HostRules({})


@dataclass(slots=True, eq=False)
class _Host:
    """A gate, and the budget and pace that requesters have set for it."""

    gate: HostGate
    budget: HostBudget | None = None
    pace: timedelta = timedelta(0)
    brought_until: float = 0.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HostBudgets:
    """Keeps every host within its budget. For one event loop.

    `rules` are those of a policy. `default` is for hosts that neither rules nor a platform say anything about.
    `clock` is monotonic, in seconds. `now` is the wall clock, for messages.
    """

    def __init__(
        self,
        default: HostBudget = DEFAULT_BUDGET,
        rules: HostRules = NO_RULES,
        *,
        breaker: BreakerPolicy | None = None,
        observer: HostObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._default = default
        self._rules = rules
        self._clock = clock
        self._terms = GateTerms(breaker or BreakerPolicy(), clock, now, observer)
        self._hosts: dict[str, _Host] = {}
        self._many = FEW_HOSTS

    @property
    def known(self) -> int:
        """How many hosts are remembered."""
        return len(self._hosts)

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(host.gate.waiting for host in self._hosts.values())

    def set_rules(self, rules: HostRules) -> None:
        """Replace the rules: they count for every start from now on."""
        if rules is self._rules:
            return
        self._rules = rules
        for authority, host in self._hosts.items():
            self._apply(authority, host)

    async def take(
        self, authority: str, requester: Requester, max_pause_seconds: float, pace: timedelta = timedelta(0)
    ) -> Turn:
        """Return a turn at a host, at once or after a wait.

        `max_pause_seconds` is the longest pause (Retry-After) that is waited for; a longer one fails at once. `pace`
        is the crawl-delay of the host's robots.txt.

        Raises:
            HopFailed: no turn will come: the message says why, and until when.

        """
        host = self._hosts.get(authority) or self._add(authority)
        if requester.budgets or pace or host.brought_until:
            self._bring(authority, host, requester.budgets.get(authority), pace)
        return await host.gate.take(requester, max_pause_seconds)

    def report(self, authority: str, requester: Requester, failure: ScrapeFailed) -> None:
        """Refuse a requester for what was found in the content of an answer.

        A firewall's page with status 200 is an answer to everybody but the adapter that requested JSON. A failure
        without an HTTP status is not about an answer: nothing follows from it.
        """
        if failure.http_status is not None:
            host = self._hosts.get(authority) or self._add(authority)
            host.gate.report(requester.key, SeenFailure(failure.reason, failure.message))

    def _bring(self, authority: str, host: _Host, budget: HostBudget | None, pace: timedelta) -> None:
        """Store the budget and pace that a requester sets, and drop those that none has set for long."""
        now = self._clock()
        if now >= host.brought_until:
            host.budget, host.pace, host.brought_until = None, timedelta(0), 0.0
        if budget is not None or pace:
            host.budget = budget or host.budget
            host.pace = pace or host.pace
            host.brought_until = now + BROUGHT_SECONDS
        self._apply(authority, host)

    def _apply(self, authority: str, host: _Host) -> None:
        rule = self._rules.budget_for(authority)
        budget = host.budget or rule or self._default
        if rule is not None:
            budget = budget.tightened(rule)
        host.gate.set_budget(HostBudget(budget.max_concurrent, max(budget.min_interval, host.pace)))

    def _names(self, authority: str) -> LimitNames:
        """Return what has set the budget of a host: the tightest of a policy, a platform, robots.txt and settings."""
        host, rule = self._hosts[authority], self._rules.budget_for(authority)
        others = "the budget of its platform" if host.budget is not None else ""
        concurrent = others or "SCRAPE_OPERATOR_HOST_MAX_CONCURRENT"
        interval = others or "SCRAPE_OPERATOR_HOST_MIN_INTERVAL_SECONDS"
        if rule is not None and (host.budget is None or rule.max_concurrent < host.budget.max_concurrent):
            concurrent = "hosts.maxConcurrent of a policy"
        if rule is not None and (host.budget is None or rule.min_interval > host.budget.min_interval):
            interval = "hosts.minInterval of a policy"
        known = [budget.min_interval for budget in (host.budget, rule) if budget is not None]
        if host.pace > max(known or [self._default.min_interval]):
            interval = "the Crawl-delay of its robots.txt"
        return LimitNames(concurrent, interval)

    def _add(self, authority: str) -> _Host:
        if len(self._hosts) >= self._many:
            self._forget_idle()
        budget = self._rules.budget_for(authority) or self._default
        host = self._hosts[authority] = _Host(HostGate(authority, budget, self._terms, self._names))
        return host

    def _forget_idle(self) -> None:
        now = self._clock()
        self._hosts = {authority: host for authority, host in self._hosts.items() if not host.gate.is_idle(now)}
        self._many = max(FEW_HOSTS, 2 * len(self._hosts))
