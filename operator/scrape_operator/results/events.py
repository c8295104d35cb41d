"""Changes of runs as the events of one watch: which of them it sees, and as what.

A watch with a selector sees a run come and go. A run changes once, from RUNNING to its end, so what it was before a
change is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from scrape_operator.core.results import DeletedRun, VersionedRun
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.selection import Selection, is_selected
from scrape_operator.results.feed import Batch
from scrape_operator.results.negotiation import Representation
from scrape_operator.results.rendering import RUN_RENDERER, deleted, event

ADDED, MODIFIED, DELETED, BOOKMARK, ERROR = "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"

Values = Mapping[str, str | None]
Change = VersionedRun | DeletedRun


@dataclass(frozen=True, slots=True)
class Scope:
    """What a watch sees, and in which form."""

    namespace: str | None
    selection: Selection
    form: Representation

    def has(self, namespace: str, values: Values) -> bool:
        """Return whether a run with these fields is seen."""
        return self.namespace in {None, namespace} and is_selected(self.selection, values)


def events_of(batch: Batch, scope: Scope, now: datetime, *, has_columns: bool) -> Iterator[bytes]:
    """Yield the events of a batch in the order of their revisions; `has_columns` counts for the first."""
    changes: Iterable[Change] = merge(batch.changes.runs, batch.changes.deleted, key=_revision_of)
    for change in changes:
        kind = _kind_of(change, batch.changes.since, scope)
        if kind is not None:
            key = (change.revision, _id_of(change), kind, scope.form, has_columns)
            line = batch.rendered.get(key)
            if line is None:
                line = batch.rendered[key] = _render(change, kind, scope.form, now, has_columns=has_columns)
            yield line
            has_columns = False


def values_of(versioned: VersionedRun) -> Values:
    """Return the fields of a run that selectors can name."""
    run = versioned.run
    return {
        "id": str(run.id),
        "namespace": run.namespace,
        "schedule": run.name,
        "status": run.status,
        "reason": run.reason,
        "trigger": run.trigger,
        "target": versioned.only_target,
    }


def _render(change: Change, kind: str, form: Representation, now: datetime, *, has_columns: bool) -> bytes:
    if isinstance(change, DeletedRun):
        return event(kind, deleted(change, form, has_columns=has_columns))
    return event(kind, RUN_RENDERER.one(change, form, now, has_columns=has_columns))


def _revision_of(change: Change) -> int:
    return change.revision


def _id_of(change: Change) -> object:
    return change.id if isinstance(change, DeletedRun) else change.run.id


def _kind_of(change: Change, since: int, scope: Scope) -> str | None:
    """Return the type of the event, or None if the watch does not see it."""
    if isinstance(change, DeletedRun):
        return DELETED if _was_seen(change, since, scope) else None
    now = values_of(change)
    is_seen = scope.has(change.run.namespace, now)
    before = {**now, "status": RunStatus.RUNNING.value, "reason": None, "target": None}
    was_seen = change.inserted <= since and scope.has(change.run.namespace, before)
    if is_seen:
        return MODIFIED if was_seen else ADDED
    return DELETED if was_seen else None


def _was_seen(change: DeletedRun, since: int, scope: Scope) -> bool:
    """Return whether a watch saw a run that is gone. Its targets are not known any more, so they are not asked for."""
    if change.inserted > since:
        return False
    has_ended = change.run_revision <= since
    values = {
        "id": str(change.id),
        "namespace": change.namespace,
        "schedule": change.name,
        "status": change.status if has_ended else RunStatus.RUNNING.value,
        "reason": change.reason if has_ended else None,
        "trigger": change.trigger,
    }
    known = [requirement for requirement in scope.selection if requirement.field != "target"]
    return scope.namespace in {None, change.namespace} and is_selected(known, values)
