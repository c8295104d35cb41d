"""Claims, results and items as tests need them: all of one schedule unless told otherwise."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql.selectable import FromClause

from scrape_operator.core.ids import uuid7
from scrape_operator.core.runs.items import Item
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, RunSummary, SkippedSlot, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.settings import Settings
from scrape_operator.storage.store import SQLRunStore

START = datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC)
LEASE = timedelta(seconds=15)
ME = "operator-1"


def settings_for(url: str) -> Settings:
    return Settings.model_validate({"DATABASE_URL": url})


def minute(number: float) -> datetime:
    """Return the due time so many minutes after the start."""
    return START + timedelta(minutes=number)


def claim_of(number: float = 0, *, uid: str = "uid-1", owner: str = ME, **others: Any) -> RunClaim:
    """Make a claim of the slot of a minute, begun one second after it was due."""
    due = minute(number)
    values: dict[str, Any] = {
        "id": uuid7(due),
        "schedule_uid": uid,
        "namespace": "default",
        "name": "quotes",
        "generation": 1,
        "slot": Due(due),
        "scheduled_for": due,
        "started_at": due + timedelta(seconds=1),
        "owner": owner,
        "lease_expires_at": due + LEASE,
    }
    return RunClaim(**values | others)


def skip_of(number: float = 0, *, uid: str = "uid-1", **others: Any) -> SkippedSlot:
    """Make a skip of the slot of a minute."""
    due = minute(number)
    values: dict[str, Any] = {
        "id": uuid7(due),
        "schedule_uid": uid,
        "namespace": "default",
        "name": "quotes",
        "generation": 1,
        "slot": Due(due),
        "scheduled_for": due,
        "at": due + timedelta(seconds=1),
        "owner": ME,
        "reason": Reason.SKIPPED_OVERLAP,
        "message": "one still runs",
    }
    return SkippedSlot(**values | others)


def items_of(**texts: str) -> list[Item]:
    """Make one item for each name, with the text as its data."""
    return [Item.of({"name": name, "text": text}, ["name"]) for name, text in texts.items()]


def target_of(items: Sequence[Item] = (), *, name: str = "quotes", **others: Any) -> TargetResult:
    """Make the result of a target that went well."""
    values: dict[str, Any] = {"target": name, "status": RunStatus.SUCCEEDED, "reason": Reason.SUCCEEDED, "items": items}
    return TargetResult(**values | others)


def result_of(claim: RunClaim, *targets: TargetResult, seconds: float = 5, **others: Any) -> RunResult:
    """Make the result of a run that went well, so many seconds after it began."""
    values: dict[str, Any] = {
        "claim": claim,
        "status": RunStatus.SUCCEEDED,
        "reason": Reason.SUCCEEDED,
        "message": "",
        "completed_at": claim.started_at + timedelta(seconds=seconds),
        "targets": targets,
    }
    return RunResult(**values | others)


def failed_of(claim: RunClaim, *targets: TargetResult, reason: Reason = Reason.TIMEOUT, **others: Any) -> RunResult:
    """Make the result of a run that failed."""
    return result_of(claim, *targets, status=RunStatus.FAILED, reason=reason, message="it failed", **others)


async def reap(store: SQLRunStore, at: datetime) -> Sequence[tuple[ObjectKey, RunSummary]]:
    """End the runs whose leases are over at an instant."""
    return await store.reap([lease for lease in await store.leases() if lease.expires_at < at], at)


async def rows_of(store: SQLRunStore, table: FromClause) -> list[dict[str, Any]]:
    """Read a table past the store's own methods, ordered by its primary key."""
    ordered = select(table).order_by(*table.primary_key)
    rows = await store._database.read(lambda connection: connection.execute(ordered).mappings().all())
    return [dict(row) for row in rows]
