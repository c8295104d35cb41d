"""The schedules that this process knows: UID to plan and state. Fed by `watching`, read by the scheduler."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from scrape_operator.core.ports import StatusSink
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.core.schedule.pauses import Pause, pause_of
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState

REQUEST_ANNOTATION = "scrape-operator.dev/requested-at"
TOKEN_MAX_LENGTH = 128

Compile = Callable[[Mapping[str, Any]], SchedulePlan]


@dataclass(slots=True)
class Entry:
    """One schedule: its plan, what is known of it, and the token of the run that was asked for.

    `is_paused` is how it was found when it was last looked at.
    """

    plan: SchedulePlan
    state: ScheduleState
    request: str | None = None
    is_paused: bool = False


class Registry:
    """Keeps one entry for each UID, and the latest generation of it."""

    def __init__(self, compile_: Compile, status: StatusSink) -> None:
        self._compile = compile_
        self._status = status
        self._states: dict[str, ScheduleState] = {}
        self._entries: dict[str, Entry] = {}

    def remember(self, states: Mapping[str, ScheduleState]) -> None:
        """Take what the rows say, before the first schedule is applied."""
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
        """Give the entry of a UID."""
        return self._entries.get(uid)

    def knows(self, uid: str, generation: int, request: str | None) -> bool:
        """Whether this is no news. Answers in O(1), since every status write comes back as an event."""
        entry = self._entries.get(uid)
        return entry is not None and entry.plan.generation >= generation and entry.request == request

    def apply(self, obj: Mapping[str, Any]) -> tuple[Entry, SchedulePlan | None] | None:
        """Take up an object as the API server gave it; give the entry and the plan that it replaces.

        None: it was known. An object that is wrong gets a stalled plan; it never raises.
        """
        metadata = obj["metadata"]
        uid, generation = metadata["uid"], metadata.get("generation", 0)
        request = requested_run(metadata)
        if self.knows(uid, generation, request):
            return None
        entry = self._entries.get(uid)
        if entry is None:
            return self._adopt(obj, request), None
        before = entry.plan
        entry.request = request
        if generation > before.generation:
            entry.plan = self._compile(obj)
        return entry, before

    def _adopt(self, obj: Mapping[str, Any], request: str | None) -> Entry:
        plan = self._compile(obj)
        state = self._states.pop(plan.key.uid, None) or ScheduleState()
        status = obj.get("status") or {}
        state.adopt(dealt_with_until(plan, state, status), status.get("lastHandledRequest"))
        entry = Entry(plan, state, request)
        self._entries[plan.key.uid] = entry
        self._status.seed(plan, status)
        return entry

    def remove(self, uid: str) -> Entry | None:
        """Drop a schedule that is gone."""
        self._status.forget(uid)
        return self._entries.pop(uid, None)

    def counts(self) -> Mapping[str, int]:
        """Count the schedules by what they are: active, suspended or stalled."""
        counts = {"active": 0, "suspended": 0, "stalled": 0}
        for entry in self._entries.values():
            pause = pause_of(entry.plan, entry.state)
            counts["active" if pause is None else "stalled" if pause is Pause.INVALID_SPEC else "suspended"] += 1
        return counts

    def uids(self) -> Mapping[str, ObjectKey]:
        """Give who is known, for a reconcile."""
        return {uid: entry.plan.key for uid, entry in self._entries.items()}


def requested_run(metadata: Mapping[str, Any]) -> str | None:
    """Read the token of the run that was asked for by annotation; its first characters tell it from others."""
    token = (metadata.get("annotations") or {}).get(REQUEST_ANNOTATION)
    return token[:TOKEN_MAX_LENGTH] or None if isinstance(token, str) else None


def dealt_with_until(plan: SchedulePlan, state: ScheduleState, status: Mapping[str, Any]) -> datetime | None:
    """Give until when an earlier process dealt with the due times of this generation; None where none did.

    Only what was missed after it may be made up for: an edit or a resume never back-fills, also where it
    was made while nobody watched. The rows know it from the first due time of a generation on; before
    that, the status says when the generation had been taken up.
    """
    known = [] if state.last_slot is None else [state.last_slot]
    if plan.suspend_after_failures:
        known += _resumed_at(state.history)
    if state.slot_generation == plan.generation:
        return max(known)
    asked_for = [run.completed_at for run in state.history if run.generation == plan.generation and run.completed_at]
    taken_up = _taken_up_at(plan, status) or max(asked_for, default=None)
    return None if taken_up is None else max([*known, taken_up])


def _resumed_at(history: Sequence[RunSummary]) -> list[datetime]:
    """Give when runs by hand succeeded after a failure: they may have ended a stop by suspendAfterFailures."""
    return [
        run.completed_at
        for run, before in zip_longest(history, history[1:])
        if run.trigger is Trigger.MANUAL
        and run.status.is_good
        and run.completed_at is not None
        and (before is None or before.status is RunStatus.FAILED)
    ]


def _taken_up_at(plan: SchedulePlan, status: Mapping[str, Any]) -> datetime | None:
    """Give an instant at which the present generation was taken up already."""
    if status.get("observedGeneration") != plan.generation:
        return None
    try:
        return datetime.fromisoformat(str(status.get("statusTime"))).astimezone(UTC)
    except ValueError:
        return None
