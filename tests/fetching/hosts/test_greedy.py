"""Schedules that read small pages of a host each second, beside greedy ones of the same host, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from scrape_operator.core.net.host_pace import SLOW_ANSWER_SECONDS
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.fetching.hosts.gate import Turn
from tests.fetching.hosts.visiting import end, hosts_of, of, slow_down, take
from tests.support.fetching import requester
from tests.support.virtual_time import run_virtual, virtual_time

SECONDS, WARM_UP_SECONDS = 120, 5
QUICK_SECONDS = 0.05


class Crowd:
    """Schedules of one host; `outcomes` counts the ends of the runs of each kind."""

    def __init__(self, hosts: HostBudgets) -> None:
        self.hosts = hosts
        self.outcomes: dict[str, Counter[str]] = {}

    async def keep_running(self, kind: str, number: int, interval: float, body_seconds: float) -> None:
        """Run a schedule until it is canceled; its runs end before the next one is due."""
        begin = virtual_time() + interval * number / 50
        while True:
            await asyncio.sleep(max(0.0, begin - virtual_time()))
            outcome = await self._run(kind, number, interval * 0.9, body_seconds)
            if virtual_time() > WARM_UP_SECONDS:
                self.outcomes.setdefault(kind, Counter())[outcome] += 1
            begin += interval

    async def _run(self, kind: str, number: int, seconds: float, body_seconds: float) -> str:
        deadline = virtual_time() + seconds
        try:
            turn = await take(self.hosts, requester(f"{kind} {number}", seconds=seconds))
        except HopFailed as failure:
            return str(failure.reason)
        if kind == "refused":
            await asyncio.sleep(QUICK_SECONDS)
            end(turn, slow_down(5))
            return str(Reason.RATE_LIMITED)
        return await self._read(turn, body_seconds, deadline - virtual_time())

    @staticmethod
    async def _read(turn: Turn, body_seconds: float, remaining: float) -> str:
        turn.answer_began()
        await asyncio.sleep(min(body_seconds, remaining))
        if body_seconds <= remaining:
            end(turn)
            return str(Reason.SUCCEEDED)
        end(turn, HopFailed(Reason.TIMEOUT, "did not answer", is_cut_off=remaining < SLOW_ANSWER_SECONDS))
        return str(Reason.TIMEOUT)


def share_beside(others: Sequence[tuple[str, int, float, float]], *, begin: float) -> float:
    """Return the share of good runs of two quick schedules beside kinds of others: count, interval, body in seconds.

    The others begin WARM_UP_SECONDS after the first instant, the quick ones at `begin`.
    """

    async def scene() -> float:
        crowd = Crowd(hosts_of(of(4)))

        async def be_quick(number: int) -> None:
            await asyncio.sleep(begin)
            await crowd.keep_running("quick", number, 1.0, QUICK_SECONDS)

        tasks = [asyncio.create_task(be_quick(number)) for number in range(2)]
        await asyncio.sleep(WARM_UP_SECONDS)
        for kind, count, interval, body_seconds in others:
            runs = (crowd.keep_running(kind, number, interval, body_seconds) for number in range(count))
            tasks += map(asyncio.create_task, runs)
        await asyncio.sleep(SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        quick = crowd.outcomes["quick"]
        return quick[Reason.SUCCEEDED] / quick.total()

    return run_virtual(scene())


REFUSED, SLOW = ("refused", 4, 2.0, 0.0), ("slow", 40, 15.0, 10.0)


@pytest.mark.parametrize("begin", [0.0, WARM_UP_SECONDS + 0.1, WARM_UP_SECONDS + 8.0], ids=["before", "with", "after"])
@pytest.mark.parametrize(
    "others",
    [
        [REFUSED],
        [("refused", 40, 2.0, 0.0)],
        [SLOW],
        [REFUSED, SLOW],
        [("slow", 40, 30.0, 20.0)],
        [("slow", 40, 4.0, 3.0)],
        [("slow", 40, 2.0, 1.5)],
        [("slow", 40, 2.0, 40.0)],
        [("slow", 40, 30.0, 40.0)],
    ],
    ids=[
        "429",
        "429 of many",
        "slow bodies",
        "both",
        "slower bodies",
        "shorter bodies",
        "brief bodies",
        "brief bodies that never end in time",
        "bodies that never end in time",
    ],
)
def test_schedules_that_were_not_told_to_wait_keep_their_runs(
    others: Sequence[tuple[str, int, float, float]], begin: float
) -> None:
    assert share_beside(others, begin=begin) >= 0.9
