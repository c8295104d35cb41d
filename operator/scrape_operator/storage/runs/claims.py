"""Claims of slots, recorded skips, and released claims. Called by the committer, for many at once."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select

from scrape_operator.core.runs.run import RunClaim, RunStatus, SkippedSlot
from scrape_operator.core.runs.slot import Manual, digest_token, format_slot
from scrape_operator.storage.engine.revisions import NextRevision
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.runs.schedule_rows import Requests, add_slots, handled_requests, remove_claims
from scrape_operator.storage.tables import is_running, scrape_runs

Row = dict[str, Any]

_RELEASED = (
    delete(scrape_runs)
    .where(scrape_runs.c.id.in_(bindparam("runs", expanding=True)), is_running)
    .returning(scrape_runs.c.id)
)


def claim_runs(connection: Connection, claims: Sequence[RunClaim]) -> list[bool]:
    """Insert each run RUNNING. Return for each whether this process has its slot."""
    return _insert(connection, claims, [_claim_row(claim) for claim in claims])


def skip_slots(connection: Connection, skips: Sequence[SkippedSlot]) -> list[bool]:
    """Insert each slot SKIPPED. Return for each whether it was free."""
    return _insert(connection, skips, [_skip_row(skipped) for skipped in skips])


def insert_replays(connection: Connection, claims: Sequence[RunClaim]) -> None:
    """Insert replays. They take no slot of the schedule, so its row does not count them."""
    connection.execute(_free(connection.dialect.name), [_claim_row(claim) for claim in claims])


def release_claims(connection: Connection, claims: Sequence[RunClaim]) -> list[None]:
    """Delete the rows of claims that will not be run, so that their slots are free again."""
    deleted = set(connection.scalars(_RELEASED, {"runs": [claim.id for claim in claims]}))
    remove_claims(connection, [claim for claim in claims if claim.id in deleted])
    return [None] * len(claims)


def _insert(connection: Connection, slots: Sequence[RunClaim | SkippedSlot], rows: Sequence[Row]) -> list[bool]:
    """Insert the rows whose slots are free. A manual slot whose row was pruned is not free either."""
    requests = _requests(connection, slots)
    fresh = [row for slot, row in zip(slots, rows, strict=True) if not _was_handled(slot, requests)]
    # Replicas that insert the same slots in the same order wait for each other, but never in a circle.
    fresh.sort(key=lambda row: (row["schedule_uid"], row["slot"]))
    won = _insert_free(connection, fresh) if fresh else set()
    add_slots(connection, sorted((slot for slot in slots if slot.id in won), key=_order), requests)
    lost = {slot.id for slot in slots} - won
    ours = won | _already_ours(connection, lost) if lost else won
    return [slot.id in ours for slot in slots]


def _order(slot: RunClaim | SkippedSlot) -> tuple[str, datetime]:
    return slot.schedule_uid, slot.scheduled_for


def _requests(connection: Connection, slots: Sequence[RunClaim | SkippedSlot]) -> Requests:
    uids = {slot.schedule_uid for slot in slots if isinstance(slot.slot, Manual)}
    return handled_requests(connection, uids) if uids else {}


def _was_handled(slot: RunClaim | SkippedSlot, requests: Requests) -> bool:
    return isinstance(slot.slot, Manual) and digest_token(slot.slot.token) in requests.get(slot.schedule_uid, ())


def _insert_free(connection: Connection, rows: Sequence[Row]) -> set[UUID]:
    """Insert the rows whose slots have none, and return the ids of those that were inserted now.

    RETURNING would need a statement for each number of rows, and SQLite's driver keeps 128 of them: 32 MiB.
    """
    ids = [row["id"] for row in rows]
    inserted = connection.execute(_free(connection.dialect.name), rows).rowcount
    if inserted == len(rows):
        return set(ids)
    newest = select(scrape_runs.c.id).where(scrape_runs.c.id.in_(ids))
    if connection.dialect.name == "sqlite":
        newest = newest.order_by(scrape_runs.c.inserted_revision.desc()).limit(inserted)
    else:  # asyncpg does not count the rows of several sets of parameters
        newest = newest.where(scrape_runs.c.inserted_revision == NextRevision())
    return set(connection.scalars(newest))


@cache
def _free(dialect: str) -> Upsert:
    """Insert rows whose slots have no row."""
    return insert_into(dialect, scrape_runs).on_conflict_do_nothing()


def _already_ours(connection: Connection, run_ids: set[UUID]) -> set[UUID]:
    """Return the runs whose rows exist with these ids: they were committed, but the answer was lost."""
    untouched = scrape_runs.c.status.in_((RunStatus.RUNNING.value, RunStatus.SKIPPED.value))
    return set(connection.scalars(select(scrape_runs.c.id).where(scrape_runs.c.id.in_(run_ids), untouched)))


def _claim_row(claim: RunClaim) -> Row:
    return {
        **_slot_row(claim),
        "status": RunStatus.RUNNING.value,
        "started_at": claim.started_at,
        "lease_expires_at": claim.lease_expires_at,
        "policy": claim.policy,
        "robots": claim.robots,
    }


def _skip_row(skipped: SkippedSlot) -> Row:
    return {
        **_slot_row(skipped),
        "status": RunStatus.SKIPPED.value,
        "reason": skipped.reason.value,
        "message": skipped.message,
        "completed_at": skipped.at,
    }


def _slot_row(slot: RunClaim | SkippedSlot) -> Row:
    return {
        "id": slot.id,
        "schedule_uid": slot.schedule_uid,
        "namespace": slot.namespace,
        "name": slot.name,
        "generation": slot.generation,
        "trigger": slot.trigger.value,
        "slot": format_slot(slot.slot),
        "scheduled_for": slot.scheduled_for,
        "missed": slot.missed,
        "owner": slot.owner,
    }
