"""Two hundred schedules at one host, over real sockets and in virtual time: paced, fair, and in nobody else's way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from itertools import pairwise

import pytest

from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.host_budgets import HostBudget, HostRules
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.transport import ScrapeTransport, default_ssl_context
from tests.fetching.servers import ok, serving
from tests.support.fetching import NO_RETRY, NO_ROBOTS, requester
from tests.support.virtual_time import run_virtual, virtual_time

SCHEDULES = 200
ROUNDS = 2
INTERVAL = 0.05
BUDGET = HostBudget(4, timedelta(seconds=INTERVAL))
ANSWER_SECONDS = 0.12
"""Of the crowd's host: with four at a time the pace decides, and not the answers."""

ROUNDING = 1e-6


class Watched:
    """A server's side: when requests came, from whom, and how many were open."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.starts: list[float] = []
        self.schedules: list[str] = []
        self.open = 0
        self.most_open = 0

    async def answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        self.starts.append(virtual_time())
        self.schedules.append(head.split()[1].decode().strip("/"))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(self.seconds)
        self.open -= 1
        writer.write(ok(b"x"))


@asynccontextmanager
async def fetcher_with(rules: HostRules) -> AsyncIterator[HttpFetcher]:
    allowed = (ip_network("127.0.0.0/8"),)
    transport = ScrapeTransport(allow=allowed, ssl_context=default_ssl_context())
    hosts = HostBudgets(rules=rules, clock=virtual_time)
    fetcher = HttpFetcher(lambda _networks: transport, user_agent="test", hosts=hosts, clock=virtual_time)
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


async def scrape(fetcher: HttpFetcher, url: str, number: int, policy: FetchPolicy = NO_ROBOTS) -> list[float]:
    """Send the requests of one schedule, one after the other. Return when each was answered."""
    session = fetcher.open_session(requester(f"schedule {number}"), NO_RETRY, policy=policy)
    answered = []
    for _ in range(ROUNDS):
        await session.fetch(Request(f"{url}/{number}", timeout=30.0))
        answered.append(virtual_time())
    return answered


def is_paced(starts: list[float]) -> bool:
    return all(later - earlier >= INTERVAL - ROUNDING for earlier, later in pairwise(starts))


def check_crowd(crowd: Watched) -> None:
    """Check the budget, and that nobody is served a second time before everybody was served once."""
    assert len(crowd.starts) == SCHEDULES * ROUNDS
    assert crowd.most_open <= BUDGET.max_concurrent
    assert is_paced(crowd.starts)
    assert crowd.starts[-1] - crowd.starts[0] < SCHEDULES * ROUNDS * INTERVAL * 1.1
    served: Counter[str] = Counter()
    for name in crowd.schedules:
        served[name] += 1
        assert served[name] - min(served[f"{number}"] for number in range(SCHEDULES)) <= 2
    assert set(served.values()) == {ROUNDS}


def rules_of(authority: str) -> HostRules:
    return HostRules({authority: BUDGET})


async def crowd_and_others(is_scoped: bool) -> tuple[Watched, Watched, list[list[float]]]:
    """Send a crowd to one host under a policy of the cluster, or of a namespace, and some to another host."""
    crowd, other = Watched(ANSWER_SECONDS), Watched(0.01)
    async with serving(crowd.answer) as host, serving(other.answer) as elsewhere:
        rules = rules_of(host.url.removeprefix("http://"))
        policy = FetchPolicy(obey_robots=False, scope="shop/default", budgets=rules) if is_scoped else NO_ROBOTS
        async with fetcher_with(HostRules({}) if is_scoped else rules) as fetcher:
            many = [scrape(fetcher, host.url, number, policy) for number in range(SCHEDULES)]
            few = [scrape(fetcher, elsewhere.url, number, policy) for number in range(3)]
            answered = await asyncio.gather(*many, *few)
    return crowd, other, answered[SCHEDULES:]


@pytest.mark.parametrize("is_scoped", [False, True], ids=["cluster", "namespace"])
def test_a_crowd_keeps_to_the_budget_starves_nobody_and_slows_no_other_host(is_scoped: bool) -> None:
    crowd, other, answered = run_virtual(crowd_and_others(is_scoped), has_sockets=True)
    check_crowd(crowd)
    assert len(other.starts) == 3 * ROUNDS
    assert max(times[-1] for times in answered) < 0.2
