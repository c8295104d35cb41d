"""A run in the pool, from its launch to its stored result."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim
from scrape_operator.core.schedule.decision import Start
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState


@dataclass(slots=True)
class PooledRun:
    """A run that waits for a place, is active, or is being stored.

    `is_claimed` means that this process has inserted the row. `needs_retry` means that the run ended without a row, and
    that its slot must be tried again.
    """

    plan: SchedulePlan
    state: ScheduleState
    start: Start
    run_id: UUID
    stop: asyncio.Future[Reason]
    is_claimed: bool = False
    needs_retry: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def due_by(self) -> datetime:
        """The starting deadline of the slot."""
        return self.start.scheduled_for + self.plan.starting_deadline

    def request_stop(self, reason: Reason) -> None:
        """Ask the run to stop. Of several reasons the first is kept."""
        if not self.stop.done():
            self.stop.set_result(reason)

    def is_late(self, now: datetime) -> bool:
        """Return whether a due time may not be started any more."""
        return self.start.is_due_time and now > self.due_by

    def place_timeout_seconds(self, now: datetime) -> float | None:
        """Return for how long the run may wait for a place: a due time until its starting deadline."""
        return max(0.0, (self.due_by - now).total_seconds()) if self.start.is_due_time else None

    def claim_deadline(self) -> datetime:
        """Return until when a claim may be tried: the starting deadline, or the next due time if that is sooner."""
        due_times = self.plan.due_times
        following = due_times.next_after(self.start.scheduled_for) if due_times and self.start.is_due_time else None
        return self.due_by if following is None else min(self.due_by, following)

    def claim(self, now: datetime, owner: str, lease: timedelta) -> RunClaim:
        """Return the row that claims the slot of this run."""
        plan, start = self.plan, self.start
        return RunClaim(
            id=self.run_id,
            schedule_uid=plan.key.uid,
            namespace=plan.key.namespace,
            name=plan.key.name,
            generation=plan.generation,
            slot=start.slot,
            scheduled_for=start.scheduled_for,
            started_at=now,
            owner=owner,
            lease_expires_at=now + lease,
            missed=start.missed,
            policy=plan.policy,
            spec=plan.stored_spec,
        )
