"""How many requests a host gets: a budget per host, and which rule of a policy counts for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from scrape_operator.core.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class HostBudget:
    """Requests at the same time, and the time between the starts of two."""

    max_concurrent: int
    min_interval: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse a budget that allows no request at all."""
        if self.max_concurrent < 1 or self.min_interval < timedelta(0):
            raise InvalidValue("a host's budget needs maxConcurrent of at least 1 and a minInterval of at least 0s")

    def tightened(self, other: "HostBudget") -> "HostBudget":
        """Return the budget that keeps within both."""
        return HostBudget(min(self.max_concurrent, other.max_concurrent), max(self.min_interval, other.min_interval))


class HostRules:
    """The budgets of one policy, by the hosts that they match."""

    def __init__(self, budgets: Mapping[str, HostBudget]) -> None:
        self._budgets = {match.lower(): budget for match, budget in budgets.items()}

    def budget_for(self, authority: str) -> HostBudget | None:
        """Return the budget of the most specific match: exact, longest `*.suffix`, `*`; None without a match.

        `authority` is a host in lower case, with its port if that is not the default of the scheme; a match may name
        the port or not. `*.example.org` does not match example.org.
        """
        return next((self._budgets[match] for match in matches_of(authority) if match in self._budgets), None)


def matches_of(authority: str) -> Iterator[str]:
    """Yield every entry of a list of hosts that matches an authority, the most specific first."""
    yield authority
    host = without_port(authority)
    yield host
    while "." in host:
        host = host.partition(".")[2]
        yield f"*.{host}"
    yield "*"


def without_port(authority: str) -> str:
    """Return the host of an authority; an IPv6 address keeps its brackets."""
    return authority[: authority.find("]") + 1] if authority.startswith("[") else authority.partition(":")[0]
