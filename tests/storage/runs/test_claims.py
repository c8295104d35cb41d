"""A slot has one run, whoever asks, and however often."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ids import uuid7
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import Manual
from scrape_operator.storage.errors import StoreRefused
from scrape_operator.storage.runs.claims import release_claims
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import schedules, scrape_runs
from tests.storage.values import ME, START, claim_of, minute, reap, result_of, rows_of, settings_for, skip_of
from tests.support.databases import make_sqlite


async def test_a_claim_is_a_row_that_is_running(store: SQLRunStore) -> None:
    claim = claim_of(missed=3, policy="shop", robots="Obey")
    assert await store.claim(claim)
    [row] = await rows_of(store, scrape_runs)
    assert row["status"] == "RUNNING"
    assert row["slot"] == "2026-11-24T10:00:00.250Z"
    assert row["id"] == claim.id
    for name in ("schedule_uid", "namespace", "name", "generation", "trigger", "scheduled_for", "started_at"):
        assert row[name] == getattr(claim, name)
    for name in ("owner", "lease_expires_at", "missed", "policy", "robots"):
        assert row[name] == getattr(claim, name)
    assert row["completed_at"] is None


async def test_the_second_to_claim_a_slot_is_refused(store: SQLRunStore) -> None:
    assert await store.claim(claim_of())
    assert not await store.claim(claim_of(owner="operator-2"))


async def test_a_slot_that_was_run_is_never_run_again(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    await store.finish(result_of(claim))
    assert not await store.claim(claim_of())


async def test_a_skip_takes_the_slot(store: SQLRunStore) -> None:
    assert await store.skip(skip_of())
    assert not await store.claim(claim_of())
    assert not await store.skip(skip_of())


async def test_a_claimed_slot_is_not_skipped(store: SQLRunStore) -> None:
    await store.claim(claim_of())
    assert not await store.skip(skip_of())


async def test_of_many_claims_at_once_each_slot_has_one_winner(store: SQLRunStore) -> None:
    claims = [claim_of(number % 7, owner=f"operator-{number}") for number in range(70)]
    won = await asyncio.gather(*(store.claim(claim) for claim in claims))
    winners = [claim.slot for claim, has in zip(claims, won, strict=True) if has]
    assert len(winners) == len(set(winners))
    assert set(winners) == {claim.slot for claim in claims}


async def test_schedules_do_not_share_slots(store: SQLRunStore) -> None:
    assert await store.claim(claim_of(uid="uid-1"))
    assert await store.claim(claim_of(uid="uid-2"))


async def test_a_claim_that_is_asked_again_is_recognised_as_ours(store: SQLRunStore) -> None:
    claim = claim_of()
    assert await store.claim(claim)
    assert await store.claim(claim)
    assert len(await rows_of(store, scrape_runs)) == 1


async def test_among_claims_at_once_one_that_is_asked_again_is_ours_and_counts_once(store: SQLRunStore) -> None:
    asked_again, lost = claim_of(0, missed=2), claim_of(1, owner="operator-2")
    assert await store.claim(asked_again)
    assert await store.claim(claim_of(1))
    fresh = [claim_of(number, missed=1) for number in (2, 3)]
    together = [lost, fresh[0], asked_again, fresh[1]]
    assert await asyncio.gather(*(store.claim(claim) for claim in together)) == [False, True, True, True]
    [row] = await rows_of(store, schedules)
    assert (row["missed"], row["last_slot"]) == (4, minute(3))


async def test_a_skip_that_is_asked_again_is_recognised_as_ours(store: SQLRunStore) -> None:
    skipped = skip_of()
    assert await store.skip(skipped)
    assert await store.skip(skipped)


async def test_a_claim_that_was_reaped_meanwhile_is_not_ours_any_more(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    await reap(store, minute(5))
    assert not await store.claim(claim)


async def test_a_claim_whose_caller_is_cancelled_frees_its_slot(store: SQLRunStore) -> None:
    caller = asyncio.create_task(store.claim(claim_of()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await store.claim(claim_of())
    assert [row["status"] for row in await rows_of(store, scrape_runs)] == ["RUNNING"]


async def test_closing_writes_what_was_accepted(url: str) -> None:
    async with open_store(settings_for(url)) as store:
        claims = [asyncio.create_task(store.claim(claim_of(number))) for number in range(20)]
        await asyncio.sleep(0)
    assert all([await claim for claim in claims])
    async with open_store(settings_for(url)) as store:
        assert len(await rows_of(store, scrape_runs)) == 20


async def test_a_closed_store_says_so(url: str) -> None:
    async with open_store(settings_for(url)) as store:
        pass
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.claim(claim_of())


async def test_times_come_back_aware_and_in_utc(store: SQLRunStore) -> None:
    berlin = timezone(timedelta(hours=1))
    await store.claim(claim_of(scheduled_for=START.astimezone(berlin)))
    [row] = await rows_of(store, scrape_runs)
    assert row["scheduled_for"] == START
    assert row["scheduled_for"].tzinfo is UTC


async def test_text_that_no_database_can_hold_is_mended(store: SQLRunStore) -> None:
    await store.skip(skip_of(message="nul \0, surrogate \ud800, snowman ☃"))
    [row] = await rows_of(store, scrape_runs)
    assert row["message"] == "nul \ufffd, surrogate \ufffd, snowman ☃"


async def test_a_lease_is_renewed_only_for_its_owner_and_while_running(store: SQLRunStore) -> None:
    running, others, ended = claim_of(0), claim_of(1, owner="operator-2"), claim_of(2)
    for claim in (running, others, ended):
        await store.claim(claim)
    await store.finish(result_of(ended))
    await store.renew(ME, [running.id, others.id, ended.id, uuid7(START)], minute(9))
    leases = {row["id"]: row["lease_expires_at"] for row in await rows_of(store, scrape_runs)}
    assert leases[running.id] == minute(9)
    assert leases[others.id] == others.lease_expires_at
    assert leases[ended.id] == ended.lease_expires_at


async def test_renewing_nothing_is_no_error(store: SQLRunStore) -> None:
    await store.renew(ME, [], minute(1))


async def test_a_run_whose_lease_is_over_ends_as_orphaned(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    assert await reap(store, claim.lease_expires_at) == []
    [(key, run)] = await reap(store, minute(1))
    assert (key.uid, key.namespace, key.name) == ("uid-1", "default", "quotes")
    assert (run.id, run.status, run.reason) == (claim.id, RunStatus.FAILED, "Orphaned")
    assert run.completed_at == minute(1)
    assert "2026-11-24T10:00:15Z" in run.message
    assert ME in run.message
    [row] = await rows_of(store, scrape_runs)
    assert (row["status"], row["reason"], row["message"]) == ("FAILED", "Orphaned", run.message)
    assert row["completed_at"] == minute(1)


async def test_an_orphan_is_reaped_once(store: SQLRunStore) -> None:
    await store.claim(claim_of())
    reaped = await asyncio.gather(*(reap(store, minute(1)) for _ in range(3)))
    assert sorted(len(runs) for runs in reaped) == [0, 0, 1]


async def test_the_reaper_looks_only_at_what_is_running(tmp_path: Path) -> None:
    statements: list[str] = []

    def listen(connection: Connection) -> None:
        event.listen(connection.engine, "before_cursor_execute", lambda *called: statements.append(called[2]))

    async with open_store(settings_for(make_sqlite(tmp_path / "runs.db"))) as store:
        await store._database.read(listen)
        await reap(store, minute(1))
        [statement] = [text for text in statements if "FROM scrape_runs" in text]
        explain = f"EXPLAIN QUERY PLAN {statement}"
        plan = await store._database.read(lambda it: it.exec_driver_sql(explain).all())
        assert "ix_scrape_runs_running" in str(plan)


async def test_a_lease_that_was_renewed_meanwhile_is_not_reaped(store: SQLRunStore) -> None:
    claim = claim_of()
    await store.claim(claim)
    seen = await store.leases()
    await store.renew(ME, [claim.id], minute(1))
    assert await store.reap(seen, minute(9)) == []
    assert len(await store.reap(await store.leases(), minute(9))) == 1


async def test_more_orphans_than_fit_a_transaction_are_all_reaped(store: SQLRunStore) -> None:
    await asyncio.gather(*(store.claim(claim_of(number / 100)) for number in range(1_050)))
    assert len(await reap(store, minute(60))) == 1_050


async def test_a_naive_time_is_refused_and_its_neighbours_are_stored(store: SQLRunStore) -> None:
    good = [claim_of(number) for number in range(5)]
    bad = replace(claim_of(9), started_at=START.replace(tzinfo=None))
    answers = await asyncio.gather(*(store.claim(claim) for claim in [*good, bad]), return_exceptions=True)
    assert answers[:5] == [True] * 5
    assert isinstance(answers[5], StoreRefused)


async def test_a_token_whose_row_was_pruned_does_not_run_again(store: SQLRunStore) -> None:
    first = claim_of(0, slot=Manual("A"))
    assert await store.claim(first)
    await store.finish(result_of(first))
    second = claim_of(1, slot=Manual("B"))
    assert await store.claim(second)
    await store.finish(result_of(second))
    await store.prune("uid-1", successful=0, failed=0, older_than=minute(9))
    assert [row["slot"] for row in await rows_of(store, scrape_runs)] == ["manual:B"]
    assert not await store.claim(claim_of(2, slot=Manual("A")))
    assert not await store.skip(skip_of(2, slot=Manual("A")))
    assert await store.claim(claim_of(2, slot=Manual("C")))


@pytest.mark.parametrize("slot", [pytest.param({}, id="due time"), pytest.param({"slot": Manual("B")}, id="manual")])
async def test_a_released_claim_leaves_its_slot_to_the_next_process(store: SQLRunStore, slot: dict[str, Any]) -> None:
    for before in (claim_of(0), claim_of(1, slot=Manual("A"))):
        await store.claim(before)
        await store.finish(result_of(before))
    known = await store.load_states()
    claim = claim_of(2, missed=3, **slot)
    await store.claim(claim)
    assert await store.load_states() != known
    await store._committer.submit(release_claims, claim)
    assert await store.load_states() == known
    assert await store.claim(claim_of(3, **slot))


@pytest.mark.parametrize("earlier", [[], [0], [0, 1]], ids=["no row", "a row", "rows"])
async def test_a_released_claim_leaves_the_generation_of_the_slot_before(
    store: SQLRunStore, earlier: Sequence[int]
) -> None:
    for number in earlier:
        await store.claim(claim_of(number, generation=number + 1))
    claim = claim_of(5, generation=6)
    await store.claim(claim)
    await store._committer.submit(release_claims, claim)
    state = (await store.load_states())["uid-1"]
    last = earlier[-1] if earlier else None
    assert state.last_slot == (None if last is None else minute(last))
    assert state.slot_generation == (0 if last is None else last + 1)


async def test_a_schedule_that_was_thought_to_be_deleted_is_back_when_it_runs(store: SQLRunStore) -> None:
    await store.claim(claim_of(0))
    deleted = schedules.update().values(deleted_at=minute(1))
    await store._database.write(lambda connection: connection.execute(deleted))
    assert await store.load_states() == {}
    await store.skip(skip_of(1))  # it waited for its row when the schedule was deleted
    assert await store.load_states() == {}
    await store.claim(claim_of(2))
    assert list(await store.load_states()) == ["uid-1"]
