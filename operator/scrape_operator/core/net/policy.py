"""What policies say about the requests of a schedule. `planning` resolves the kinds into it, `fetching` obeys it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from scrape_operator.core.net.addresses import Network
from scrape_operator.core.net.day_budgets import DayLimit
from scrape_operator.core.net.host_budgets import HostRules, matches_of

Hosts = frozenset[str]


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """The rules for the requests of one schedule, the tighter of all policies that apply.

    `allow_hosts` holds the lists of allowed hosts that are not empty: a host must match an entry of each. `networks`
    are the networks outside the public internet that may be connected to; None means those of the operator's settings.
    `budgets` are the budgets of a ScrapePolicy, which count for the schedules under it; `scope` is its namespace and
    name. The budgets of the ClusterScrapePolicy count for everybody and are set at the fetcher. `day_limits` are those
    of all policies that apply, each of which counts by itself.
    """

    user_agent: str | None = None
    obey_robots: bool = True
    allow_hosts: tuple[Hosts, ...] = ()
    deny_hosts: Hosts = frozenset()
    networks: frozenset[Network] | None = None
    scope: str = ""
    budgets: HostRules = field(default_factory=lambda: HostRules({}))
    day_limits: tuple[DayLimit, ...] = ()

    def allows_host(self, authority: str) -> bool:
        """Return whether requests may go to a host, with or without its port. A denied host stays denied."""
        if not (self.deny_hosts or self.allow_hosts):
            return True
        matches = tuple(matches_of(authority))
        if _holds_one(self.deny_hosts, matches):
            return False
        return all(_holds_one(hosts, matches) for hosts in self.allow_hosts)


DEFAULT_POLICY = FetchPolicy()


def _holds_one(hosts: Hosts, matches: Iterable[str]) -> bool:
    return any(match in hosts for match in matches)
