"""The budgets of all hosts that this process asks: each hop of a fetch takes its turn here. `fetcher` comes through.

One mechanism for everybody: the default, platforms and policies only say numbers. A host is known by its authority:
two ports are two services. Waiting costs a future, no connection and no time of the request's own timeout.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget, HostRules, budget_of
from scrape_operator.fetching.hosts.breaker import BreakerPolicy, SeenFailure
from scrape_operator.fetching.hosts.gate import GateTerms, HostGate, HostObserver, Requester, Turn

DEFAULT_BUDGET = HostBudget(32)
BROUGHT_SECONDS = 300.0
"""A budget that requesters bring along counts for everybody until none has been brought for so long."""
FEW_HOSTS = 1024
"""Idle hosts are looked for when there are more than this, and again when what was left has doubled."""


@dataclass(slots=True, eq=False)
class _Host:
    """A gate, and what requesters have brought along for it."""

    gate: HostGate
    brought: HostBudget | None = None
    brought_until: float = 0.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HostBudgets:
    """Keeps every host within its budget, and its breaker. For one event loop.

    `layers` are rules of which the tightest counts; `default` is for hosts that no layer says anything of. `clock`
    gives seconds that never jump, `now` the wall clock for messages.
    """

    def __init__(
        self,
        default: HostBudget = DEFAULT_BUDGET,
        layers: Sequence[HostRules] = (),
        *,
        breaker: BreakerPolicy | None = None,
        observer: HostObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._default = default
        self._layers = tuple(layers)
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

    @property
    def open_breakers(self) -> int:
        """How many hosts are left alone."""
        now = self._clock()
        return sum(host.gate.is_open(now) for host in self._hosts.values())

    def set_rules(self, default: HostBudget, layers: Sequence[HostRules]) -> None:
        """Replace the rules: they count for every start from now on."""
        self._default, self._layers = default, tuple(layers)
        for host in self._hosts.values():
            self._apply(host)

    def try_enter(self, authority: str, requester: Requester, patience: float) -> Turn | None:
        """Give a turn at once, or None where it has to be waited for.

        `patience` is how many seconds of a pause are waited out rather than refused.

        Raises:
            HopFailed: the host is left alone for now; it says until when.

        """
        host = self._hosts.get(authority) or self._meet(authority)
        now = self._clock()
        if requester.budgets or host.brought is not None:
            self._bring(host, requester.budgets.get(authority), now)
        return host.gate.try_enter(requester.key, patience, now)

    async def enter(self, authority: str, requester: Requester, patience: float) -> Turn:
        """Wait for a turn, right after `try_enter` gave none.

        Raises:
            HopFailed: as `try_enter`, also while it waits; Timeout where the requester's deadline has passed.

        """
        return await self._hosts[authority].gate.enter(requester, patience)

    def report(self, authority: str, requester: Requester, failure: ScrapeFailed) -> None:
        """Take the word of somebody who read an answer that the host refuses us: its breaker opens at once.

        A firewall's page that comes with 200 is an answer to everybody but the adapter that asked for JSON. Failures
        without an HTTP status are none of an answer, and nothing follows from them.
        """
        if failure.http_status is not None:
            host = self._hosts.get(authority) or self._meet(authority)
            host.gate.report(requester.key, SeenFailure(failure.reason, failure.message))

    def _bring(self, host: _Host, budget: HostBudget | None, now: float) -> None:
        """Tighten by what a requester brings, and forget what nobody has brought for long."""
        brought = host.brought if now < host.brought_until else None
        if budget is not None:
            if brought is not budget:
                brought = budget if brought is None else brought.tightened(budget)
            host.brought_until = now + BROUGHT_SECONDS
        if brought is not host.brought and brought != host.brought:
            host.brought = brought
            self._apply(host)

    def _apply(self, host: _Host) -> None:
        budget = budget_of(host.gate.authority, self._layers, self._default)
        host.gate.set_budget(budget if host.brought is None else budget.tightened(host.brought))

    def _meet(self, authority: str) -> _Host:
        if len(self._hosts) >= self._many:
            self._forget_idle()
        budget = budget_of(authority, self._layers, self._default)
        host = self._hosts[authority] = _Host(HostGate(authority, budget, self._terms))
        return host

    def _forget_idle(self) -> None:
        now = self._clock()
        self._hosts = {authority: host for authority, host in self._hosts.items() if not host.gate.is_idle(now)}
        self._many = max(FEW_HOSTS, 2 * len(self._hosts))
