"""Who has a slot: claims, recorded skips, and claims given back. Called by the committer, for many at once."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.sql.dml import ReturningInsert

from scrape_operator.core.runs.run import RunClaim, RunStatus, SkippedSlot
from scrape_operator.core.runs.slot import format_slot
from scrape_operator.storage.engine.upserts import insert_into
from scrape_operator.storage.tables import is_running, scrape_runs

Row = dict[str, Any]


def claim_runs(connection: Connection, claims: Sequence[RunClaim]) -> list[bool]:
    """Insert each run RUNNING; say of each whether its slot is ours."""
    won = _insert(connection, [_claim_row(claim) for claim in claims])
    return [claim.id in won for claim in claims]


def skip_slots(connection: Connection, skips: Sequence[SkippedSlot]) -> list[bool]:
    """Insert each slot SKIPPED; say of each whether it was free."""
    won = _insert(connection, [_skip_row(skipped) for skipped in skips])
    return [skipped.id in won for skipped in skips]


def release_claims(connection: Connection, claims: Sequence[RunClaim]) -> list[None]:
    """Take back claims that nobody will run, so that their slots are free for whoever wants them."""
    run_ids = {claim.id for claim in claims}
    connection.execute(delete(scrape_runs).where(scrape_runs.c.id.in_(run_ids), is_running))
    return [None] * len(claims)


def _insert(connection: Connection, rows: list[Row]) -> set[UUID]:
    # Replicas that insert the same slots in the same order wait for each other, but never in a circle.
    rows.sort(key=lambda row: (row["schedule_uid"], row["slot"]))
    won = set(connection.scalars(_free(connection.dialect.name), rows))
    lost = {row["id"] for row in rows} - won
    return won | _already_ours(connection, lost) if lost else won


@cache
def _free(dialect: str) -> ReturningInsert[UUID]:
    """Insert what is free."""
    return insert_into(dialect, scrape_runs).on_conflict_do_nothing().returning(scrape_runs.c.id)


def _already_ours(connection: Connection, run_ids: set[UUID]) -> set[UUID]:
    """Recognise what a commit did whose answer was lost: the rows are there, with our identifiers."""
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
