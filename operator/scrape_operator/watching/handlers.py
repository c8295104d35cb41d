"""What the process does with the objects of a kind: one handler for each kind that it watches."""

from collections.abc import Mapping
from typing import Any, Protocol

from scrape_operator.api.kinds.registry import Kind
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler


class ObjectHandler(Protocol):
    """Receives the objects of one kind, from the watch and from lists."""

    def applied(self, obj: Mapping[str, Any], *, at_once: bool = True) -> None:
        """Handle an object that is new, changed or known. Not `at_once`: it is one of many."""

    def removed(self, uid: str) -> None:
        """Handle the end of an object."""

    def listed(self) -> None:
        """Note that all objects of the kind were handled once."""

    def knows(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether an object was handled in the state that its metadata show."""

    def known(self) -> Mapping[str, str]:
        """Return the objects that were handled: UID -> name."""


class ScheduleHandler:
    """Hands ScrapeSchedules to the scheduler. One that is being deleted is not run any more."""

    def __init__(self, registry: Registry, scheduler: Scheduler) -> None:
        self._registry = registry
        self._scheduler = scheduler

    def applied(self, obj: Mapping[str, Any], *, at_once: bool = True) -> None:
        """Schedule an object, or stop it where it has a deletionTimestamp."""
        if is_terminating(obj["metadata"]):
            self._scheduler.removed(obj["metadata"]["uid"])
        else:
            self._scheduler.applied(obj, at_once=at_once)

    def recompile(self, obj: Mapping[str, Any]) -> None:
        """Compile the plan of an object again: a policy has changed."""
        if not is_terminating(obj["metadata"]):
            self._scheduler.applied(obj, is_recompiled=True)

    def removed(self, uid: str) -> None:
        """Stop an object that is gone."""
        self._scheduler.removed(uid)

    def listed(self) -> None:
        """Drop what the database remembers of schedules that do not exist."""
        for uid in self._registry.forget_absent():
            self._scheduler.on_removed(uid)

    def knows(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether generation and run request of an object are known."""
        return self._registry.is_known(metadata)

    def known(self) -> Mapping[str, str]:
        """Return the schedules that the process runs: UID -> namespace/name."""
        return {uid: str(key) for uid, key in self._registry.uids().items()}


Handlers = Mapping[Kind, ObjectHandler]


def is_terminating(metadata: Mapping[str, Any]) -> bool:
    """Return whether an object is being deleted and waits only for its finalizers."""
    return metadata.get("deletionTimestamp") is not None
