"""The plan of a schedule: what its spec means, compiled once for each generation."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from scrape_operator.core.findings import Finding
from scrape_operator.core.net.day_budgets import DayLimit
from scrape_operator.core.notifications.webhooks import Webhook
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.core.schedule.due_times import DueTimes
from scrape_operator.core.schedule.time_zones import UTC_ZONE
from scrape_operator.core.schedule.windows import Windows

AT_ANY_TIME = Windows((), UTC_ZONE)
"""The windows of a schedule that has none."""


class MissedRunPolicy(StrEnum):
    """What is done about due times that passed while nothing could run."""

    RUN_ONCE = "RunOnce"
    SKIP = "Skip"


class ConcurrencyPolicy(StrEnum):
    """What happens at a due time while the previous run is active."""

    FORBID = "Forbid"
    REPLACE = "Replace"
    QUEUE = "Queue"


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """Identifies an object: by its UID, and for people by its namespace and name."""

    uid: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """When and how often a schedule runs.

    `findings` not empty means that the spec is refused (Stalled): then `due_times` is None and nothing runs. The due
    times are from `start_time` to `end_time`, but not all of them are inside the windows. `work` is what the runner
    compiled from the targets; only the runner reads it. `schedule_text` is the text of the column SCHEDULE.
    `stored_spec` is what the database keeps of the spec; `has_secrets` is whether targets refer to Secrets.
    `day_limits` are the budgets of days of the policies that apply. Of two
    plans of one generation the one with the higher `revision` was compiled later, under other policies.
    """

    key: ObjectKey
    generation: int
    created_at: datetime
    schedule_text: str = ""
    due_times: DueTimes | None = None
    first_run_at_once: bool = True
    offset: timedelta = timedelta(0)
    start_time: datetime | None = None
    end_time: datetime | None = None
    windows: Windows = AT_ANY_TIME
    suspend: bool = False
    starting_deadline: timedelta = timedelta(seconds=60)
    missed_run_policy: MissedRunPolicy = MissedRunPolicy.RUN_ONCE
    concurrency_policy: ConcurrencyPolicy = ConcurrencyPolicy.FORBID
    timeout: timedelta = timedelta(minutes=5)
    suspend_after_failures: int = 0
    target_names: tuple[str, ...] = ()
    has_secrets: bool = False
    successful_limit: int = 100
    failed_limit: int = 100
    stored_spec: StoredSpec = StoredSpec()
    policy: str | None = None
    day_limits: tuple[DayLimit, ...] = ()
    findings: tuple[Finding, ...] = ()
    revision: int = 0
    work: object = field(default=None, repr=False)

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """The webhooks of the spec."""
        return self.stored_spec.webhooks

    @property
    def is_stalled(self) -> bool:
        """Whether the spec is refused."""
        return bool(self.findings)

    @property
    def stall_reason(self) -> Reason | None:
        """Return why only a person can help, or None."""
        return self.findings[0].reason if self.findings else None
