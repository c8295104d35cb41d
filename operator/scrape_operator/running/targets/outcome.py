"""One target in one run. A failure is a result, never an exception that travels; only cancellation does."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Traffic
from scrape_operator.core.runs.expectations import Breach, Expectations, OnBreach, find_breach
from scrape_operator.core.runs.items import Item, JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult, clip
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.gate import Requester

logger = logging.getLogger(__name__)

MAX_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class RunScope:
    """What the targets of one run share."""

    scheduled_for: datetime
    zone: ZoneInfo
    fetcher: HttpFetcher
    requester: Requester


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What items are worth under the target's expectations."""

    status: RunStatus
    reason: Reason
    message: str
    items: tuple[Item, ...]
    breach: Breach | None


def evaluate(
    expectations: Expectations,
    data: Sequence[Mapping[str, JSONValue]],
    key: Sequence[str],
    *,
    had_content: bool,
    dropped: int = 0,
) -> Evaluation:
    """Hold what was read against what was expected; items of a target that fails by it are not kept."""
    breach = find_breach(expectations, data, had_content=had_content, dropped=dropped)
    if breach is not None and expectations.on_breach is OnBreach.FAIL:
        return Evaluation(RunStatus.FAILED, breach.reason, clip(breach.message), (), breach)
    items = tuple([Item.of(item, key) for item in data])
    if breach is not None:
        return Evaluation(RunStatus.PARTIALLY_SUCCEEDED, breach.reason, clip(breach.message), items, breach)
    return Evaluation(RunStatus.SUCCEEDED, Reason.SUCCEEDED, "", items, None)


def failed(name: str, failure: ScrapeFailed, traffic: Traffic, duration: float) -> TargetResult:
    """Return the result of a target without items."""
    return TargetResult(
        name,
        RunStatus.FAILED,
        failure.reason,
        clip(failure.message),
        http_status=failure.http_status,
        duration=duration,
        requests=traffic.requests,
        bytes=traffic.bytes,
        complete=False,
    )


def defective(name: str, defect: Exception, duration: float) -> TargetResult:
    """Give the result of a target that a defect of ours ended."""
    logger.error("target %s failed by a defect of scrape-operator", name, exc_info=defect)
    message = f"{type(defect).__name__}: please report it with the operator's log"
    return TargetResult(name, RunStatus.FAILED, Reason.INTERNAL_ERROR, message, duration=duration, complete=False)
