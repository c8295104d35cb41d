"""Several observers of runs behind one port, such as metrics and logs."""

import logging

from scrape_operator.core.ports import RunObserver
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult
from scrape_operator.core.schedule.plan import SchedulePlan

logger = logging.getLogger(__name__)

FAILED = "observer failed"


class CompositeObserver:
    """Calls observers in order. One that fails is logged, and disturbs neither the run nor the others."""

    def __init__(self, *observers: RunObserver) -> None:
        self._observers = observers

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Pass on that a run was claimed."""
        for observer in self._observers:
            try:
                observer.started(plan, claim, skew)
            except Exception:
                logger.exception(FAILED, extra={"observer": type(observer).__name__})

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Pass on that a run ended and was stored."""
        for observer in self._observers:
            try:
                observer.finished(plan, result, counts, duration)
            except Exception:
                logger.exception(FAILED, extra={"observer": type(observer).__name__})

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Pass on that a due time was not run."""
        for observer in self._observers:
            try:
                observer.skipped(plan, reason, missed)
            except Exception:
                logger.exception(FAILED, extra={"observer": type(observer).__name__})
