"""The schedules that this process knows: UID to plan and state. Fed by `watching`, read by the scheduler."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scrape_operator.core.plan import ObjectKey, SchedulePlan
from scrape_operator.core.ports import StatusSink
from scrape_operator.core.state import ScheduleState

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
        if state.last_handled_request is None:
            state.last_handled_request = status.get("lastHandledRequest")
        if not was_taken_up(plan, state, status):
            state.last_slot = None
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
            state = "stalled" if entry.plan.is_stalled else "suspended" if entry.plan.suspend else "active"
            counts[state] += 1
        return counts

    def uids(self) -> Mapping[str, ObjectKey]:
        """Give who is known, for a reconcile."""
        return {uid: entry.plan.key for uid, entry in self._entries.items()}


def requested_run(metadata: Mapping[str, Any]) -> str | None:
    """Read the token of the run that was asked for by annotation; its first characters tell it from others."""
    token = (metadata.get("annotations") or {}).get(REQUEST_ANNOTATION)
    return token[:TOKEN_MAX_LENGTH] or None if isinstance(token, str) else None


def was_taken_up(plan: SchedulePlan, state: ScheduleState, status: Mapping[str, Any]) -> bool:
    """Whether an earlier process had this generation: only then may its missed due times count.

    An edit never back-fills, also where it was made while nobody watched.
    """
    ran = state.last_run is not None and state.last_run.generation == plan.generation
    return ran or status.get("observedGeneration") == plan.generation
