"""What targets leave for their next run: their last good runs, and validators. Called by `store` and `finishing`."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from scrape_operator.core.net.documents import Validators
from scrape_operator.core.runs.baseline import BASELINE_RUNS, Baseline, GoodRun
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunResult, RunStatus, Trigger
from scrape_operator.core.runs.target_memory import Revalidation, TargetMemory
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.engine.columns import CleanText, UTCDateTime
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.tables import items, scrape_runs, scrape_target_runs, validators

_r, _t, _v = scrape_runs.c, scrape_target_runs.c, validators.c

_GOOD_RUNS = (
    select(_t["items"], _t.found)
    .join_from(scrape_runs, scrape_target_runs, _t.run_id == _r.id)
    .where(
        _r.schedule_uid == bindparam("uid", type_=CleanText),
        _t.target == bindparam("target", type_=CleanText),
        _t.fingerprint == bindparam("fingerprint", type_=CleanText),
        _t.status == RunStatus.SUCCEEDED.value,
        _t.reason == Reason.SUCCEEDED.value,
        _r.trigger != Trigger.REPLAY.value,
    )
    .order_by(_r.scheduled_for.desc())
    .limit(BASELINE_RUNS)
)
_VALIDATORS = select(_v.fingerprint, _v.url, _v.etag, _v.last_modified, _v.body_hash).where(
    _v.schedule_uid == bindparam("uid", type_=CleanText), _v.target == bindparam("target", type_=CleanText)
)
_SEEN = (
    update(items)
    .where(
        items.c.schedule_uid == bindparam("uid", type_=CleanText),
        items.c.target == bindparam("of", type_=CleanText),
        items.c.gone_at.is_(None),
    )
    .values(last_seen_at=bindparam("at", type_=UTCDateTime))
)


def load_memory(connection: Connection, uid: str, target: str, fingerprint: str) -> TargetMemory:
    """Return what is known of a target. Runs with other settings say nothing about what is usual."""
    given = {"uid": uid, "target": target, "fingerprint": fingerprint}
    runs = (GoodRun(count, found or {}) for count, found in connection.execute(_GOOD_RUNS, given))
    baseline = Baseline.of(runs)
    row = connection.execute(_VALIDATORS, given).first()
    if row is None:
        return TargetMemory(baseline)
    known = Validators(row.url, row.etag, row.last_modified) if row.etag or row.last_modified else None
    return TargetMemory(baseline, Revalidation(row.fingerprint, known, row.body_hash))


def store_memory(connection: Connection, results: Sequence[RunResult]) -> None:
    """Store the validators of targets, and move the time at which items of unmodified targets were last seen."""
    rows = [
        _row(result.claim.schedule_uid, target.target, target.revalidation)
        for result in results
        for target in result.targets
        if target.revalidation is not None
    ]
    if rows:
        connection.execute(_upsert(connection.dialect.name), rows)
    seen = [
        {"uid": result.claim.schedule_uid, "of": target.target, "at": result.completed_at}
        for result in results
        for target in result.targets
        if target.reason is Reason.NOT_MODIFIED
    ]
    if seen:
        connection.execute(_SEEN, seen)


def _row(uid: str, target: str, revalidation: Revalidation) -> dict[str, Any]:
    known = revalidation.validators or Validators("")
    return {
        "schedule_uid": clean_text(uid),
        "target": clean_text(target),
        "fingerprint": revalidation.fingerprint,
        "url": known.url,
        "etag": known.etag,
        "last_modified": known.last_modified,
        "body_hash": revalidation.body_hash,
    }


@cache
def _upsert(dialect: str) -> Upsert:
    statement = insert_into(dialect, validators)
    names = ("fingerprint", "url", "etag", "last_modified", "body_hash")
    return statement.on_conflict_do_update(
        index_elements=[_v.schedule_uid, _v.target], set_={name: statement.excluded[name] for name in names}
    )
