"""The step of a platform target: an adapter reads it through the target's own fetcher."""

from contextlib import aclosing
from dataclasses import replace

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import TargetResult
from scrape_operator.fetching.hosts.budgets import HostBudgets
from scrape_operator.planning.plans import PlatformTargetPlan
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.running.targets.target_run import TargetRun

REFUSALS = frozenset({Reason.BLOCKED, Reason.RATE_LIMITED})


class PlatformScraper:
    """Reads platform targets. What came before a failure is kept."""

    def __init__(self, hosts: HostBudgets) -> None:
        self._hosts = hosts

    async def read(self, plan: PlatformTargetPlan, run: TargetRun) -> None:
        """Read the items of a platform into its run. Raises ScrapeFailed."""
        run.had_content = True
        context = run.context = ScrapeContext(run.scope.scheduled_for, now=run.now, losses=run.losses)
        try:
            async with aclosing(plan.platform.scrape(plan.config, run.fetcher, context)) as items:
                async for item in items:
                    run.items.append(item)
                    context.deliver()
            context.settle()
        except ScrapeFailed as failure:
            if failure.reason in REFUSALS:
                for host in run.session.requester.budgets:
                    self._hosts.report(host, run.session.requester, failure)
            raise
        finally:
            run.pages = context.counters.get("pages", 0)
            run.phases = {str(phase): seconds for phase, seconds in context.timings().items()}
            run.warn(*context.remarks())

    def conclude(self, plan: PlatformTargetPlan, run: TargetRun) -> TargetResult:
        """Return the result of what was read, with what it means for a sink of the store."""
        result = run.evaluate(plan.expectations, plan.platform.key)
        if not result.status.is_good or run.context is None:
            return result
        payload = plan.platform.sink_payload(plan.config, run.items, run.context)
        return replace(result, sink_payload=payload and replace(payload, fresh_until=run.scope.fresh_until))
