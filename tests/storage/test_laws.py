"""Whatever two replicas do, in whatever order: one run for a slot, final rows that never change, sums that agree."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from scrape_operator.core.ids import uuid7
from scrape_operator.core.runs.items import Item
from scrape_operator.core.runs.run import RunClaim, RunStatus
from scrape_operator.core.runs.slot import Slot
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import items, scrape_runs
from tests.storage.values import START, claim_of, failed_of, reap, result_of, settings_for, skip_of, target_of

OWNERS = st.sampled_from(["operator-1", "operator-2"])
SLOTS = st.integers(0, 4)
TEXTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4)


class Replicas(RuleBasedStateMachine):
    """Two owners on one schedule; what they believe is held against the rows after every step."""

    loop: asyncio.Runner
    store: SQLRunStore

    def __init__(self) -> None:
        super().__init__()
        self.uid = f"uid-{uuid7(START)}"
        self.now = START
        self.claimed: dict[Slot, RunClaim] = {}
        self.skipped: set[Slot] = set()
        self.finished: dict[UUID, Any] = {}
        self.orphaned: set[UUID] = set()
        self.final: dict[UUID, dict[str, Any]] = {}
        self.stored: dict[str, str] = {}

    def do(self, call: Any) -> Any:
        return self.loop.run(call)

    def _running(self) -> list[RunClaim]:
        return [
            claim for claim in self.claimed.values() if claim.id not in self.finished and claim.id not in self.orphaned
        ]

    @rule(slot=SLOTS, owner=OWNERS, again=st.booleans())
    def claim(self, slot: int, owner: str, *, again: bool) -> None:
        claim = claim_of(slot, uid=self.uid, owner=owner, lease_expires_at=self.now + timedelta(seconds=15))
        taken = claim.slot in self.claimed or claim.slot in self.skipped
        assert self.do(self.store.claim(claim)) is not taken
        if not taken:
            self.claimed[claim.slot] = claim
            if again:
                assert self.do(self.store.claim(claim))

    @rule(slot=SLOTS)
    def skip(self, slot: int) -> None:
        skipped = skip_of(slot, uid=self.uid)
        taken = skipped.slot in self.claimed or skipped.slot in self.skipped
        assert self.do(self.store.skip(skipped)) is not taken
        if not taken:
            self.skipped.add(skipped.slot)

    @rule(slot=SLOTS, owner=OWNERS, texts=TEXTS, good=st.booleans(), again=st.booleans())
    def finish(self, slot: int, owner: str, texts: dict[str, str], *, good: bool, again: bool) -> None:
        claim = self.claimed.get(claim_of(slot).slot)
        if claim is None:
            return
        result = result_of(replace(claim, owner=owner), target_of([item(*pair) for pair in texts.items()]))
        if not good:
            result = failed_of(result.claim)
        result = replace(result, completed_at=self.now)
        counts = self.do(self.store.finish(result))
        if claim.id in self.finished:
            assert counts == (self.finished[claim.id][1] if result == self.finished[claim.id][0] else None)
            return
        if claim.id in self.orphaned or owner != claim.owner:
            assert counts is None
            return
        seen = texts if good else {}
        assert counts.new == len(seen.keys() - self.stored.keys())
        assert counts.changed == sum(self.stored.get(name, text) != text for name, text in seen.items())
        self.stored |= seen
        assert counts.total == len(self.stored)
        self.finished[claim.id] = (result, counts)
        if again:
            assert self.do(self.store.finish(result)) == counts

    @rule(owner=OWNERS)
    def renew(self, owner: str) -> None:
        until = self.now + timedelta(seconds=15)
        self.do(self.store.renew(owner, [claim.id for claim in self.claimed.values()], until))
        for claim in self._running():
            if claim.owner == owner:
                self.claimed[claim.slot] = replace(claim, lease_expires_at=until)

    @rule(seconds=st.integers(0, 20))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def reap(self) -> None:
        over = {claim.id for claim in self._running() if claim.lease_expires_at < self.now}
        reaped = self.do(reap(self.store, self.now))
        assert {run.id for key, run in reaped if key.uid == self.uid} == over
        self.orphaned |= over

    @invariant()
    def the_rows_agree(self) -> None:
        rows = self.do(self._rows())
        assert len({row["slot"] for row in rows}) == len(rows) == len(self.claimed) + len(self.skipped)
        running = {row["id"] for row in rows if row["status"] == RunStatus.RUNNING}
        assert running == {claim.id for claim in self._running()}
        for row in rows:
            if row["id"] not in running:
                assert self.final.setdefault(row["id"], row) == row

    async def _rows(self) -> list[dict[str, Any]]:
        ours = select(scrape_runs).where(scrape_runs.c.schedule_uid == self.uid)
        rows = await self.store._database.read(lambda connection: connection.execute(ours).mappings().all())
        return [dict(row) for row in rows]

    def teardown(self) -> None:
        assert self.do(self._items()) == self.stored
        for claim in self._running():
            self.do(self.store.finish(failed_of(claim)))

    async def _items(self) -> dict[str, str]:
        ours = select(items.c.data).where(items.c.schedule_uid == self.uid)
        found = await self.store._database.read(lambda connection: connection.scalars(ours).all())
        return {data["name"]: data["text"] for data in found}


def item(name: str, text: str) -> Item:
    return Item.of({"name": name, "text": text}, ["name"])


@pytest.mark.parametrize("url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_the_laws_hold(url: str) -> None:
    with asyncio.Runner() as loop:
        opened = open_store(settings_for(url))

        class Machine(Replicas):
            pass

        Machine.loop, Machine.store = loop, loop.run(opened.__aenter__())
        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=25,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            loop.run(opened.__aexit__(None, None, None))
