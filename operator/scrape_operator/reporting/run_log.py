"""Logs what becomes of runs: one line at INFO or above for each."""

import logging
from collections.abc import Mapping

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, clip
from scrape_operator.core.schedule.plan import SchedulePlan

MESSAGE_MAX_BYTES = 1024


class RunLog:
    """The `RunObserver` that logs: starts at DEBUG, ends at INFO, failed runs at WARNING, our defects at ERROR."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("scrape_operator.runs")

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Log that a run was claimed."""
        if self._logger.isEnabledFor(logging.DEBUG):
            fields = _identity(plan, claim) | {"skew": round(skew, 3), "missed": claim.missed}
            self._emit(logging.DEBUG, "run started", fields)

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Log how a run ended."""
        level = _level(result)
        if not self._logger.isEnabledFor(level):
            return
        fields = _identity(plan, result.claim) | {
            "status": result.status.value,
            "reason": result.reason.value,
            "duration": round(duration, 3),
            "items": sum(len(target.items) for target in result.targets),
            "new": counts.new,
            "changed": counts.changed,
            "gone": counts.gone,
        }
        if result.message:
            fields["message"] = clip(result.message, MESSAGE_MAX_BYTES)
        self._emit(level, "run failed" if result.status is RunStatus.FAILED else "run ended", fields)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Log that a due time was not run."""
        if self._logger.isEnabledFor(logging.INFO):
            fields = {"schedule": str(plan.key), "reason": reason.value, "missed": missed}
            self._emit(logging.INFO, "run skipped", fields)

    def _emit(self, level: int, event: str, fields: Mapping[str, object]) -> None:
        """Hand over a record without looking for its place in the source, which costs more than all the rest."""
        record = logging.LogRecord(self._logger.name, level, "", 0, event, None, None)
        record.fields = fields
        self._logger.handle(record)


def _identity(plan: SchedulePlan, claim: RunClaim) -> dict[str, object]:
    return {"schedule": str(plan.key), "run_id": str(claim.id), "trigger": claim.trigger.value}


def _level(result: RunResult) -> int:
    if result.reason is Reason.INTERNAL_ERROR:
        return logging.ERROR
    return logging.WARNING if result.status is RunStatus.FAILED else logging.INFO
