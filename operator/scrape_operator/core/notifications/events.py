"""The rule that says which events the end of a run has, compared with what a webhook has been told before.

The memory is kept for each webhook and for all events, whichever it asks for. So RunFailed and RunRecovered alternate,
also where the spec is edited in between, and a webhook that is added to a failing schedule hears of the failure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.health import is_breached
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunResult, RunStatus, RunSummary, TargetHealth, Trigger
from scrape_operator.core.schedule.plan import ObjectKey


class Reported(NamedTuple):
    """What a webhook has been told last: whether runs fail, and whether the data is unhealthy."""

    run_failed: bool = False
    data_unhealthy: bool = False


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The end of a run, as far as messages tell of it. `targets` is empty where none was scraped."""

    key: ObjectKey
    run_id: UUID
    trigger: Trigger
    generation: int
    scheduled_for: datetime
    started_at: datetime | None
    completed_at: datetime
    status: RunStatus
    reason: Reason
    message: str
    targets: Sequence[TargetHealth] = ()
    counts: ItemCounts = field(default_factory=ItemCounts)

    @classmethod
    def of_result(cls, result: RunResult, counts: ItemCounts) -> "RunEnd":
        """Return the end of a run that was stored."""
        claim = result.claim
        return cls(
            ObjectKey(claim.schedule_uid, claim.namespace, claim.name),
            claim.id,
            claim.trigger,
            claim.generation,
            claim.scheduled_for,
            claim.started_at,
            result.completed_at,
            result.status,
            result.reason,
            result.message,
            [
                TargetHealth(target.target, target.status, target.reason, target.message, breach=target.breach)
                for target in result.targets
            ],
            counts,
        )

    @classmethod
    def of_orphan(cls, key: ObjectKey, run: RunSummary, at: datetime) -> "RunEnd":
        """Return the end of a run that its process did not end."""
        return cls(
            key,
            run.id,
            run.trigger,
            run.generation,
            run.scheduled_for,
            run.started_at,
            at,
            run.status,
            run.reason,
            run.message,
        )

    @property
    def breached(self) -> Sequence[TargetHealth]:
        """The targets whose data broke an expectation."""
        return [target for target in self.targets if is_breached(target)]

    @property
    def failed(self) -> Sequence[TargetHealth]:
        """The targets that failed."""
        return [target for target in self.targets if target.status is RunStatus.FAILED]


def events_of(end: RunEnd, known: Reported) -> tuple[Sequence[NotifyEvent], Reported]:
    """Return the events of the end of a run, and what the webhook is told with them.

    A canceled run and a replay say nothing about targets and data. Data is healthy again if a target was good and
    none is breached, which is the rule of the condition DataHealthy.
    """
    run_failed, data_unhealthy = known
    if end.status is not RunStatus.CANCELED and end.trigger is not Trigger.REPLAY:
        run_failed = end.status is RunStatus.FAILED
        if end.breached:
            data_unhealthy = True
        elif any(target.status.is_good for target in end.targets):
            data_unhealthy = False
    events = []
    if run_failed != known.run_failed:
        events.append(NotifyEvent.RUN_FAILED if run_failed else NotifyEvent.RUN_RECOVERED)
    if data_unhealthy != known.data_unhealthy:
        events.append(NotifyEvent.DATA_UNHEALTHY if data_unhealthy else NotifyEvent.DATA_RECOVERED)
    if end.counts.new or end.counts.changed or end.counts.gone:
        events.append(NotifyEvent.ITEMS_CHANGED)
    return events, Reported(run_failed, data_unhealthy)
