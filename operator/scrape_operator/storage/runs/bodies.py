"""Responses that are kept for replay: each content once, within bounds. Called by `finishing` and the store."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, not_, select

from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.run import RunResult
from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.tables import bodies, body_contents

MAX_BYTES_PER_SCHEDULE = 64 * 2**20
MAX_BYTES = 2**30
"""Stored bytes: of the newest responses of one schedule, and of all contents."""

CONTENTS_AT_ONCE = 200

_b, _c = bodies.c, body_contents.c


def store_bodies(connection: Connection, results: Sequence[RunResult]) -> None:
    """Store the responses of these runs; what is beyond the bound of a schedule goes, the oldest first."""
    kept = [(result, target.target, body) for result in results for target in result.targets for body in target.bodies]
    if not kept:
        return
    contents = {body.digest: body.content for _, _, body in kept}
    rows = [
        {"digest": digest, "stored_bytes": len(content), "content": content} for digest, content in contents.items()
    ]
    connection.execute(_contents(connection.dialect.name), sorted(rows, key=lambda row: str(row["digest"])))
    connection.execute(insert(bodies), [_row(*entry) for entry in kept])
    for uid in sorted({result.claim.schedule_uid for result, _, _ in kept}):
        connection.execute(_BEYOND, {"uid": uid, "limit": MAX_BYTES_PER_SCHEDULE})


def load_bodies(connection: Connection, run_id: UUID) -> Mapping[str, Sequence[KeptBody]]:
    """Return the responses that are kept of a run, by target, in the order of their pages."""
    facts = (_b.page, _b.url, _b.http_status, _b.content_type, _b.digest)
    columns = (_b.target, *facts, _c.content, _b.link_header, _b.detail_of, _b.fetched_at)
    found = select(*columns).join_from(bodies, body_contents, _c.digest == _b.digest).where(_b.run_id == run_id)
    kept: dict[str, list[KeptBody]] = {}
    for target, *values in connection.execute(found.order_by(_b.target, _b.page, _b.id)):
        kept.setdefault(target, []).append(KeptBody(*values))
    return kept


def prune_contents(connection: Connection, cursors: Sequence[str]) -> list[str]:
    """Delete contents that no response has any more, of those after a digest, and the oldest beyond the bound of all.

    Return the digest to go on after; "" after the last one.
    """
    _bound_total(connection)
    return [_prune(connection, after) for after in cursors]


def _row(result: RunResult, target: str, body: KeptBody) -> dict[str, Any]:
    return {
        "run_id": result.claim.id,
        "schedule_uid": result.claim.schedule_uid,
        "target": target,
        "page": body.page,
        "url": body.url,
        "http_status": body.http_status,
        "content_type": body.content_type,
        "digest": body.digest,
        "link_header": body.link_header,
        "detail_of": body.detail_of,
        "fetched_at": body.fetched_at,
    }


@cache
def _contents(dialect: str) -> Upsert:
    return insert_into(dialect, body_contents).on_conflict_do_nothing()


_sizes = (
    select(_b.id, func.sum(_c.stored_bytes).over(order_by=_b.id.desc()).label("newer_bytes"))
    .join_from(bodies, body_contents, _c.digest == _b.digest)
    .where(_b.schedule_uid == bindparam("uid"))
    .subquery()
)
_BEYOND = delete(bodies).where(_b.id.in_(select(_sizes.c.id).where(_sizes.c.newer_bytes > bindparam("limit"))))


def _prune(connection: Connection, after: str) -> str:
    page: Sequence[str] = connection.scalars(
        select(_c.digest).where(_c.digest > after).order_by(_c.digest).limit(CONTENTS_AT_ONCE)
    ).all()
    if not page:
        return ""
    is_used = exists().where(_b.digest == _c.digest)
    connection.execute(delete(body_contents).where(_c.digest.in_(page), not_(is_used)))
    return page[-1]


def _bound_total(connection: Connection) -> None:
    total = connection.scalar(select(func.coalesce(func.sum(_c.stored_bytes), 0))) or 0
    if total <= MAX_BYTES:
        return
    oldest = connection.execute(
        select(_b.id, _b.digest, _c.stored_bytes)
        .join_from(bodies, body_contents, _c.digest == _b.digest)
        .order_by(_b.id)
        .limit(CONTENTS_AT_ONCE)
    ).all()
    doomed = []
    for row in oldest:
        if total <= MAX_BYTES:
            break
        doomed.append(row)
        total -= row.stored_bytes
    digests = {row.digest for row in doomed}
    connection.execute(delete(bodies).where(_b.id.in_([row.id for row in doomed])))
    is_used = exists().where(_b.digest == _c.digest)
    connection.execute(delete(body_contents).where(_c.digest.in_(digests), not_(is_used)))
