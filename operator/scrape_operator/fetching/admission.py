"""Which hops of a session may be sent: by the policies of its schedule, and by the robots.txt of each origin."""

from datetime import timedelta
from functools import partial

from yarl import URL

from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.core.net.urls import authority_of
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.day_budgets import DaySpending
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.route import Route
from scrape_operator.fetching.zone import Zone


class PolicyAdmission:
    """Implements exchange.Admission for one session."""

    def __init__(
        self,
        policy: FetchPolicy,
        zone: Zone,
        user_agent: str,
        deadline: Deadline,
        spending: DaySpending | None = None,
    ) -> None:
        self._policy = policy
        self._zone = zone
        self._user_agent = user_agent
        self._deadline = deadline
        self._spending = spending

    async def admit(self, url: URL, route: Route) -> timedelta:
        """Return the crawl-delay of the host that is reached by `route`.

        Raises:
            HopFailed: PolicyDenied, RobotsDisallowed or BudgetExhausted, or the host cannot be reached.

        """
        check_host(self._policy, url)
        if not self._policy.obey_robots:
            return timedelta(0)
        open_session = partial(self._zone.open_robots_session, url, self._user_agent, route, self._spending)
        seconds = await self._zone.robots.check(url, self._user_agent, route, open_session, self._deadline)
        return timedelta(seconds=seconds)


def check_host(policy: FetchPolicy, url: URL) -> None:
    """Raise HopFailed, PolicyDenied, if a policy does not allow the host of an address."""
    if not policy.allows_host(authority_of(url)):
        message = "is not a host that the policy allows: ask an administrator to add it to network.allowHosts"
        raise HopFailed(Reason.POLICY_DENIED, message, sent=False)
