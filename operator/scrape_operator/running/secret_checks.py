"""Whether the Secrets of a target can be read now: `scheduling` asks where the last run did not find them."""

from typing import cast

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan

CHECK_SECONDS = 30.0


class SecretChecks:
    """Implements core.ports.SecretCheck by the steps of a run, so that a run finds what the check has found."""

    def __init__(self, fetcher: HttpFetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock

    async def find_problem(self, plan: SchedulePlan, target: str) -> str | None:
        """Return what is wrong with the Secrets of a target, or None if its next run can read them."""
        work = cast("RunPlan", plan.work)
        found = next((each for each in work.targets if each.name == target), None)
        if not isinstance(found, HTTPTargetPlan):
            return None
        deadline = Deadline.after(CHECK_SECONDS, self._clock.monotonic)
        requester = Requester(plan.key.uid, deadline, namespace=plan.key.namespace)
        session = self._fetcher.open_session(requester, found.retry, found.request.access, work.policy)
        try:
            await session.prepare(found.request.fill(self._clock.now(), work.zone))
        except ScrapeFailed as failure:
            return failure.message if failure.reason is Reason.SECRET_NOT_FOUND else None
        return None
