"""Stores the results of runs: items, targets and the final row, in one transaction for many runs.

Fencing: the rows are read and locked first. Only rows that are RUNNING and have the same owner are written. A row may
already be final with the same result, because the answer to its commit was lost. Its counts are returned again, and
nothing is counted twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from scrape_operator.core.notifications.events import RunEnd
from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult
from scrape_operator.storage.items.changes import ItemChanges
from scrape_operator.storage.items.repeats import Repeats
from scrape_operator.storage.items.storing import store_items
from scrape_operator.storage.messages.writing import Ending, Subscription, write_messages
from scrape_operator.storage.runs.bodies import store_bodies
from scrape_operator.storage.runs.claims import insert_replays
from scrape_operator.storage.runs.schedule_rows import add_ends
from scrape_operator.storage.runs.summaries import counts_of
from scrape_operator.storage.runs.target_failures import Since, failing_since
from scrape_operator.storage.runs.target_memory import store_memory
from scrape_operator.storage.tables import is_running, schedules, scrape_runs, scrape_target_runs

_c = scrape_runs.c

_LOCKED = (
    select(
        *(_c.id, _c.owner, _c.status, _c.reason, _c.completed_at),
        *(_c.items_total, _c.items_new, _c.items_changed, _c.items_gone),
        schedules.c.items_total.label("total_before"),
    )
    .join_from(scrape_runs, schedules, schedules.c.uid == _c.schedule_uid)
    .where(_c.id.in_(bindparam("runs", expanding=True)))
    .order_by(schedules.c.uid, _c.id)
    .with_for_update()
)
"""Runs with their schedules: two runs of one schedule that end in two replicas must not add to one total at a time."""

_TARGETS = insert(scrape_target_runs)

_FINAL = (
    update(scrape_runs)
    .where(_c.id == bindparam("run"), _c.owner == bindparam("by"), is_running)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "status",
                "reason",
                "message",
                "completed_at",
                "items_scraped",
                "items_total",
                "items_new",
                "items_changed",
                "items_gone",
                "requests",
                "bytes",
            )
        }
    )
)


class Finishing:
    """Stores results, and keeps the fingerprints of the items of their targets (see `repeats`)."""

    def __init__(self) -> None:
        self._repeats = Repeats()

    def store_replays(self, connection: Connection, results: Sequence[RunResult]) -> list[ItemCounts | None]:
        """Insert and store replays at once. None stands for one that could not be stored."""
        insert_replays(connection, [result.claim for result in results])
        return self.finish_runs(connection, results)

    def finish_runs(self, connection: Connection, results: Sequence[RunResult]) -> list[ItemCounts | None]:
        """Store each result. Return its item counts, or None if the row has another owner or another end."""
        counts_by_id: dict[int, ItemCounts | None] = {}
        for batch in _batches(results):
            counts_by_id |= _finish_batch(connection, batch, self._repeats)
        return [counts_by_id[id(result)] for result in results]


def _batches(results: Sequence[RunResult]) -> Iterable[list[RunResult]]:
    """Split results into batches with one run of a schedule each: its second run must see the items of its first."""
    batches: list[dict[str, RunResult]] = []
    for result in results:
        uid = result.claim.schedule_uid
        batch = next((batch for batch in batches if uid not in batch), None)
        if batch is None:
            batch = {}
            batches.append(batch)
        batch[uid] = result
    return [list(batch.values()) for batch in batches]


def _finish_batch(connection: Connection, batch: Sequence[RunResult], repeats: Repeats) -> dict[int, ItemCounts | None]:
    rows = _locked_rows(connection, batch)
    running = [result for result in batch if _is_running(rows.get(result.claim.id), result)]
    counts: Mapping[UUID, ItemCounts] = {}
    if running:
        totals = {result.claim.id: rows[result.claim.id].total_before for result in running}
        changes = ItemChanges(_runs_with_listed_changes(running))
        counts = store_items(connection, running, totals, repeats, changes)
        store_memory(connection, running)
        _insert_targets(connection, running, failing_since(connection, running))
        store_bodies(connection, running)
        connection.execute(_FINAL, [_final_row(result, counts[result.claim.id]) for result in running])
        add_ends(connection, running, counts)
        write_messages(connection, [_ending(result, counts[result.claim.id], changes) for result in running])
    return {
        id(result): counts[result.claim.id] if result.claim.id in counts else _stored_counts(rows, result)
        for result in batch
    }


def _runs_with_listed_changes(results: Sequence[RunResult]) -> list[UUID]:
    """Return the runs whose schedules have a webhook that lists changes of items."""
    return [
        result.claim.id
        for result in results
        if any(NotifyEvent.ITEMS_CHANGED in webhook.events for webhook in result.claim.spec.webhooks)
    ]


def _ending(result: RunResult, counts: ItemCounts, changes: ItemChanges) -> Ending:
    subscriptions = [Subscription(webhook.name, webhook.events) for webhook in result.claim.spec.webhooks]
    return Ending(RunEnd.of_result(result, counts), subscriptions, changes.listed(result.claim.id))


def is_still_running(connection: Connection, claim: RunClaim) -> bool:
    """Return whether the row of a run is RUNNING and still has the same owner: else its results cannot be stored."""
    conditions = (_c.id == claim.id, _c.owner == claim.owner, is_running)
    return connection.execute(select(_c.id).where(*conditions)).one_or_none() is not None


def _locked_rows(connection: Connection, batch: Sequence[RunResult]) -> Mapping[UUID, Row[*tuple[Any, ...]]]:
    run_ids = {result.claim.id for result in batch}
    return {row.id: row for row in connection.execute(_LOCKED, {"runs": list(run_ids)})}


def _is_running(row: Row[*tuple[Any, ...]] | None, result: RunResult) -> bool:
    return row is not None and row.owner == result.claim.owner and row.status == RunStatus.RUNNING.value


def _stored_counts(rows: Mapping[UUID, Row[*tuple[Any, ...]]], result: RunResult) -> ItemCounts | None:
    """Return the counts of a row that is already final with this result. None means that another replica took over."""
    row = rows.get(result.claim.id)
    expected = (result.claim.owner, result.status.value, result.reason.value, result.completed_at)
    if row is None or (row.owner, row.status, row.reason, row.completed_at) != expected:
        return None
    return counts_of(row)


def _final_row(result: RunResult, counts: ItemCounts) -> dict[str, Any]:
    return {
        "run": result.claim.id,
        "by": result.claim.owner,
        "new_status": result.status.value,
        "new_reason": result.reason.value,
        "new_message": result.message,
        "new_completed_at": result.completed_at,
        "new_items_scraped": sum(len(target.items) for target in result.targets),
        "new_items_total": counts.total,
        "new_items_new": counts.new,
        "new_items_changed": counts.changed,
        "new_items_gone": counts.gone,
        "new_requests": sum(target.requests for target in result.targets),
        "new_bytes": sum(target.bytes for target in result.targets),
    }


def _insert_targets(connection: Connection, results: Sequence[RunResult], since: Since) -> None:
    rows = [
        _target_row(result.claim.id, position, target, since.get((result.claim.id, target.target)))
        for result in results
        for position, target in enumerate(result.targets)
    ]
    if rows:
        connection.execute(_TARGETS, rows)


def _target_row(run_id: UUID, position: int, target: TargetResult, since: datetime | None) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "target": target.target,
        "position": position,
        "status": target.status.value,
        "reason": target.reason.value,
        "message": target.message,
        "http_status": target.http_status,
        "duration": target.duration,
        "requests": target.requests,
        "bytes": target.bytes,
        "pages": target.pages,
        "items": len(target.items),
        "warnings": list(target.warnings),
        "phases": dict(target.phases),
        "found": dict(target.found) or None,
        "fingerprint": target.fingerprint,
        "breach": target.breach,
        "since": since,
    }
