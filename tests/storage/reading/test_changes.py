"""No change of a run is missed or read twice, whatever order transactions end in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from scrape_operator.core.results import Changes, ListQuery, RevisionExpired
from scrape_operator.core.runs.run import DataPolicy, StoredSpec
from scrape_operator.storage.reading import changes as reading
from scrape_operator.storage.reading.results import SQLResultReader, open_results
from scrape_operator.storage.runs.claims import release_claims
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import claim_of, items_of, minute, reap, result_of, settings_for, skip_of, target_of

FAR = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def reader(url: str) -> AsyncIterator[SQLResultReader]:
    async with open_results(settings_for(url)) as opened:
        yield opened


def statuses(changes: Changes) -> list[str]:
    return [run.run.status for run in changes.runs]


async def finished(store: SQLRunStore, number: int, **others: Any) -> None:
    claim = claim_of(number, **others)
    await store.claim(claim)
    await store.finish(result_of(claim, target_of(items_of(a=str(number)))))


async def test_each_step_of_a_run_is_one_change(store: SQLRunStore, reader: SQLResultReader) -> None:
    start = await reader.last_revision()
    claim = claim_of()
    await store.claim(claim)
    begun = await reader.changes(start)
    await store.finish(result_of(claim, target_of(items_of(a="1"))))
    ended = await reader.changes(begun.until)
    await store.skip(skip_of(1))
    skipped = await reader.changes(ended.until)
    assert [statuses(step) for step in (begun, ended, skipped)] == [["RUNNING"], ["SUCCEEDED"], ["SKIPPED"]]
    (run,) = ended.runs
    assert (run.inserted, run.only_target, len(run.targets)) == (begun.runs[0].revision, "quotes", 1)
    assert begun.until < run.revision <= ended.until
    assert statuses(await reader.changes(skipped.until)) == []


async def test_an_orphan_is_a_change(store: SQLRunStore, reader: SQLResultReader) -> None:
    await store.claim(claim_of())
    start = await reader.last_revision()
    await reap(store, minute(5))
    assert statuses(await reader.changes(start)) == ["FAILED"]


async def test_pruned_runs_are_deleted_once(store: SQLRunStore, reader: SQLResultReader) -> None:
    for number in range(4):
        await finished(store, number)
    listed = (await reader.runs(ListQuery())).rows
    start = await reader.last_revision()
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    changes = await reader.changes(start)
    assert [run.id for run in changes.deleted] == [row.run.id for row in reversed(listed[1:])]
    assert {(run.name, run.status, run.run_revision <= start) for run in changes.deleted} == {
        ("quotes", "SUCCEEDED", True)
    }
    assert not (await reader.changes(changes.until)).deleted


@pytest.mark.parametrize("policy", DataPolicy)
async def test_runs_of_a_deleted_schedule_are_deleted_once(
    store: SQLRunStore, reader: SQLResultReader, policy: DataPolicy
) -> None:
    await finished(store, 0, spec=StoredSpec(data_policy=policy))
    await finished(store, 1, spec=StoredSpec(data_policy=policy))
    await finished(store, 2, uid="uid-2")
    start = await reader.last_revision()
    await store.mark_deleted(["uid-1"], minute(9))
    marked = await reader.changes(start)
    assert len(marked.deleted) == 2
    await store.prune_deleted(minute(12))
    assert len((await reader.changes(start)).deleted) == 2
    assert not (await reader.changes(marked.until)).deleted


async def test_a_released_claim_is_deleted(store: SQLRunStore, reader: SQLResultReader) -> None:
    claim = claim_of()
    await store.claim(claim)
    start = await reader.last_revision()
    await store._committer.submit(release_claims, claim)
    (gone,) = (await reader.changes(start)).deleted
    assert (gone.id, gone.status, gone.inserted <= start) == (claim.id, "RUNNING", True)


async def test_pages_of_changes_cover_all_once(
    store: SQLRunStore, reader: SQLResultReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = await reader.last_revision()
    for number in range(7):
        await finished(store, number)
    await store.prune("uid-1", successful=3, failed=1, older_than=minute(-9))
    monkeypatch.setattr(reading, "CHANGES_AT_ONCE", 2)
    runs, deleted, pages, until = [], [], 0, start
    while (changes := await reader.changes(until)).until != until:
        runs += [run.run.id for run in changes.runs]
        deleted += [run.id for run in changes.deleted]
        pages, until = pages + 1, changes.until
    assert (len(runs), len(set(runs)), len(set(deleted)), len(deleted)) == (3, 3, 4, 4)
    assert pages >= 2


async def test_too_many_deletions_at_once_ask_for_a_list(
    store: SQLRunStore, reader: SQLResultReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await finished(store, number)
    start = await reader.last_revision()
    await store.mark_deleted(["uid-1"], minute(9))
    monkeypatch.setattr(reading, "EXPANDED_MAX", 2)
    with pytest.raises(RevisionExpired, match="too many"):
        await reader.changes(start)


async def test_forgotten_and_future_revisions_ask_for_a_list(store: SQLRunStore, reader: SQLResultReader) -> None:
    for number in range(5):
        await finished(store, number)
    start = await reader.last_revision()
    for left in (3, 2, 1):
        await store.prune("uid-1", successful=left, failed=1, older_than=minute(-9))
    kept = await reader.last_revision()
    await store.prune_deleted(FAR)
    with pytest.raises(RevisionExpired, match="not kept"):
        await reader.changes(start)
    assert not (await reader.changes(kept)).deleted
    with pytest.raises(RevisionExpired, match="not reached"):
        await reader.changes(kept + 1_000_000)


@pytest.mark.postgres
async def test_a_transaction_that_ends_late_is_not_skipped(migrated_postgres_url: str) -> None:
    settings = settings_for(migrated_postgres_url)
    async with open_store(settings) as store, open_results(settings) as reader:
        early, late = claim_of(0), claim_of(1)
        await store.claim(early)
        start = await reader.last_revision()
        other = await asyncpg.connect(migrated_postgres_url)
        try:
            transaction = other.transaction()
            await transaction.start()
            await other.execute(
                "UPDATE scrape_runs SET message = 'slow', revision = pg_current_xact_id()::text::bigint WHERE id = $1",
                early.id,
            )
            await store.claim(late)
            before = await reader.changes(start)
            assert statuses(before) == []
            await transaction.commit()
        finally:
            await other.close()
        after = await reader.changes(before.until)
        assert [run.run.id for run in after.runs] == [early.id, late.id]
