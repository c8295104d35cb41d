"""The schedules that this process runs: UID to plan and state. Filled by `watching`, read by the scheduler."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol

from scrape_operator.core.ports import StatusSink
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.schedule.pauses import Pause, pause_of
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.scheduling.requests import NO_REQUEST, Request, echoed_token, request_of


class Compiler(Protocol):
    """Compiles objects to plans."""

    def __call__(self, obj: Mapping[str, Any], default_interval: timedelta, /) -> SchedulePlan:
        """Return the plan of an object. One that is refused has a stalled plan; this never raises."""


@dataclass(slots=True)
class Entry:
    """One schedule: its plan, its state, and the manual run that is requested.

    `is_paused` is whether the last evaluation found the schedule paused.
    """

    plan: SchedulePlan
    state: ScheduleState
    request: Request = NO_REQUEST
    is_paused: bool = False


class Update(NamedTuple):
    """A change of an object. `plan` and `request` take the place of those of the entry.

    `is_new` means that the object was unknown; `is_changed` that the plan is another one than that of the entry.
    """

    entry: Entry
    plan: SchedulePlan
    request: Request
    is_new: bool
    is_changed: bool

    @property
    def is_edited(self) -> bool:
        """Whether the database may know an earlier spec than the plan's. Asked before the entry has the plan."""
        if self.is_new:
            state = self.entry.state
            return state.last_schedule_time is not None and state.slot_generation != self.plan.generation
        return self.plan.generation != self.entry.plan.generation


class Registry:
    """Keeps one entry for each UID, with the latest generation."""

    def __init__(self, compile_: Compiler, default_interval: timedelta, status: StatusSink) -> None:
        self._compile = compile_
        self._default_interval = default_interval
        self._status = status
        self._states: dict[str, ScheduleState] = {}
        self._entries: dict[str, Entry] = {}

    def add_states(self, states: Mapping[str, ScheduleState]) -> None:
        """Keep the states that the database has, until their objects are applied."""
        self._states.update(states)

    def forget_absent(self) -> Sequence[str]:
        """Drop the states whose schedules were not applied, after all were. Return their UIDs: the objects are gone."""
        absent = tuple(self._states)
        self._states.clear()
        return absent

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def get(self, uid: str) -> Entry | None:
        """Return the entry of a UID."""
        return self._entries.get(uid)

    def is_known(self, metadata: Mapping[str, Any]) -> bool:
        """Return in O(1) whether nothing is new: every status write comes back as an event of the watch."""
        entry = self._entries.get(metadata["uid"])
        if entry is None or entry.plan.generation < metadata.get("generation", 0):
            return False
        return entry.request == request_of(metadata)

    def update(self, obj: Mapping[str, Any], *, is_recompiled: bool = False) -> Update | None:
        """Return what an object of the API server changes, or None if it is known. Only a new one is added at once.

        With `is_recompiled`, the plan of a known one is compiled again.
        """
        metadata = obj["metadata"]
        if self.is_known(metadata) and not is_recompiled:
            return None
        entry, request = self._entries.get(metadata["uid"]), request_of(metadata)
        if entry is None:
            return self._add(obj, request)
        generation = metadata.get("generation", 0)
        if generation < entry.plan.generation or (generation == entry.plan.generation and not is_recompiled):
            return Update(entry, entry.plan, request, is_new=False, is_changed=False)
        return Update(entry, self._compile(obj, self._default_interval), request, is_new=False, is_changed=True)

    def _add(self, obj: Mapping[str, Any], request: Request) -> Update:
        plan = self._compile(obj, self._default_interval)
        uid, status = plan.key.uid, obj.get("status") or {}
        state = self._states.pop(uid, None) or ScheduleState()
        state.adopt(handled_until(plan, state, status), echoed_token(status))
        before = self._plan_before(obj, plan, state)
        entry = self._entries[uid] = Entry(before, state)
        self._status.seed(plan, status)
        return Update(entry, plan, request, is_new=True, is_changed=before is not plan)

    def _plan_before(self, obj: Mapping[str, Any], plan: SchedulePlan, state: ScheduleState) -> SchedulePlan:
        """Return the plan with the default interval that was in force when the latest slot was decided."""
        before = state.default_interval
        if before is None or plan.stored_spec.default_interval in {None, before} or state.last_slot is None:
            return plan
        return self._compile(obj, before)

    def remove(self, uid: str) -> Entry | None:
        """Remove and return a schedule that is gone, or None if it is not known."""
        self._status.forget(uid)
        return self._entries.pop(uid, None)

    def counts(self) -> Mapping[str, int]:
        """Count the schedules that are active, suspended and stalled."""
        counts = {"active": 0, "suspended": 0, "stalled": 0}
        for entry in self._entries.values():
            pause = pause_of(entry.plan, entry.state)
            stalled = pause in {Pause.INVALID_SPEC, Pause.INTERNAL_ERROR}
            counts["active" if pause is None else "stalled" if stalled else "suspended"] += 1
        return counts

    def uids(self) -> Mapping[str, ObjectKey]:
        """Return the keys of all schedules, by UID."""
        return {uid: entry.plan.key for uid, entry in self._entries.items()}


def handled_until(plan: SchedulePlan, state: ScheduleState, status: Mapping[str, Any]) -> datetime | None:
    """Return until when an earlier process handled the due times of this generation, or None if none did.

    Only what was missed after it may be made up for: an edit or a resume never back-fills, also where it was made while
    no process watched. The rows say it from the first due time of a generation on. Before that, the status says when
    the generation was first seen.
    """
    known = [] if state.last_slot is None else [state.last_slot]
    if plan.suspend_after_failures:
        known += _resumed_at(state.history)
    if state.slot_generation == plan.generation:
        return max(known, default=None)
    manual = [run.completed_at for run in state.history if run.generation == plan.generation and run.completed_at]
    seen = _seen_at(plan, status) or max(manual, default=None)
    return None if seen is None else max([*known, seen])


def _resumed_at(history: Sequence[RunSummary]) -> list[datetime]:
    """Return when manual runs succeeded after a failure: they may have ended a pause by suspendAfterFailures."""
    runs = [run for run in history if run.status is not RunStatus.SKIPPED]
    return [
        run.completed_at
        for run, before in zip_longest(runs, runs[1:])
        if run.trigger is Trigger.MANUAL
        and run.status.is_good
        and run.completed_at is not None
        and (before is None or before.status is RunStatus.FAILED)
    ]


def _seen_at(plan: SchedulePlan, status: Mapping[str, Any]) -> datetime | None:
    """Return an instant at which the present generation was known to a process."""
    if status.get("observedGeneration") != plan.generation:
        return None
    try:
        return datetime.fromisoformat(str(status.get("statusTime"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
