"""What a scheduler is introduced to in these tests, and a clock that they move."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, StoredSpec, Trigger
from scrape_operator.core.runs.slot import Manual, format_slot
from scrape_operator.core.schedule.due_times import IntervalDueTimes
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION
from scrape_operator.scheduling.scheduler import Scheduler
from tests.support.clock import ManualClock
from tests.support.fakes import RUN_ID, DayBudgets, Recorder


def compile_plan(obj: Mapping[str, Any], default_interval: timedelta) -> SchedulePlan:
    metadata, spec = obj["metadata"], obj["spec"]
    key = ObjectKey(metadata["uid"], "default", metadata["name"])
    if spec.get("wrong"):
        return SchedulePlan(key, metadata["generation"], datetime.now(UTC), findings=(Finding("spec", "wrong"),))
    plan = SchedulePlan(
        key,
        metadata["generation"],
        datetime(2026, 1, 1, tzinfo=UTC),
        due_times=IntervalDueTimes(timedelta(seconds=spec.get("every", 60) or default_interval.total_seconds())),
        stored_spec=StoredSpec(default_interval=default_interval if spec.get("every", 60) is None else None),
    )
    return replace(plan, **{name: value for name, value in spec.items() if name != "every"})


def schedule(
    name: str = "quotes", generation: int = 1, token: str | None = None, status: object = None, **spec: object
) -> dict[str, Any]:
    annotations = {REQUEST_ANNOTATION: token} if token else {}
    metadata = {"uid": f"uid-{name}", "name": name, "generation": generation, "annotations": annotations}
    return {"metadata": metadata, "spec": spec, "status": status or {}}


class Harness:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.recorder = Recorder()
        self.foreign: set[str] = set()
        self.registry = Registry(compile_plan, timedelta(minutes=5), self.recorder)
        self.budgets = DayBudgets()
        self.scheduler = Scheduler(
            self.registry, self.recorder, self.recorder, self.recorder, self.clock, self, self.budgets
        )

    def owns(self, uid: str) -> bool:
        return uid not in self.foreign

    def default_interval(self, interval: timedelta) -> None:
        """Set the interval of specs that name none."""
        self.registry._default_interval = interval

    def tick(self, seconds: float) -> None:
        """Let time pass, and do what the timer task does when it wakes."""
        self.scheduler.act_on_due(self.clock.advance(seconds))

    def end(self, name: str = "quotes", status: RunStatus = RunStatus.SUCCEEDED, generation: int = 1) -> None:
        entry = self.registry.get(f"uid-{name}")
        assert entry is not None
        for active in entry.state.active.values():
            if isinstance(active.slot, Manual):
                entry.state.echo_request(active.slot.token)
        entry.state.active.clear()
        now = self.clock.now()
        reason = Reason.SUCCEEDED if status is RunStatus.SUCCEEDED else Reason.TIMEOUT
        run = RunSummary(RUN_ID, Trigger.SCHEDULED, generation, now, status, reason, "", now, now)
        entry.state.add_to_history(run)
        failed = status is RunStatus.FAILED
        entry.state.consecutive_failures = entry.state.consecutive_failures + 1 if failed else 0
        self.scheduler.ended(f"uid-{name}", None)

    def state(self, name: str = "quotes") -> ScheduleState:
        entry = self.registry.get(f"uid-{name}")
        assert entry is not None
        return entry.state

    def plan(self, name: str = "quotes") -> SchedulePlan:
        entry = self.registry.get(f"uid-{name}")
        assert entry is not None
        return entry.plan

    def set_plan(self, plan: SchedulePlan) -> None:
        entry = self.registry.get(plan.key.uid)
        assert entry is not None
        entry.plan = plan

    @property
    def slots(self) -> list[str]:
        return [format_slot(start.slot) for _name, start in self.recorder.launched]
