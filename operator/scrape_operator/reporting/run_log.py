"""Logs what becomes of runs: one line at INFO or above for each."""

import logging
from collections.abc import Mapping

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, clip
from scrape_operator.core.schedule.plan import SchedulePlan

MESSAGE_MAX_BYTES = 1024

logger = logging.getLogger("scrape_operator.runs")


class RunLog:
    """The `RunObserver` that logs: starts at DEBUG, ends at INFO, failures at WARNING, defects at ERROR."""

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Log that a run was claimed."""
        _log(logging.DEBUG, "run started", _identity(plan, claim) | {"skew": round(skew, 3), "missed": claim.missed})

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Log how a run ended."""
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
        _log(_level(result), "run failed" if result.status is RunStatus.FAILED else "run ended", fields)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Log that a due time was not run."""
        _log(logging.INFO, "run skipped", {"schedule": str(plan.key), "reason": reason.value, "missed": missed})


def _log(level: int, event: str, fields: Mapping[str, object]) -> None:
    """Log an event whose fields may be named `message`, which `extra` refuses."""
    logger.log(level, event, extra={"fields": fields})


def _identity(plan: SchedulePlan, claim: RunClaim) -> dict[str, object]:
    return {"schedule": str(plan.key), "run_id": str(claim.id), "trigger": claim.trigger.value}


def _level(result: RunResult) -> int:
    if result.reason is Reason.INTERNAL_ERROR:
        return logging.ERROR
    return logging.WARNING if result.status is RunStatus.FAILED else logging.INFO
