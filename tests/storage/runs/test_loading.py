"""A process starts with the memory of the one before: what the rows say is what the states said."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, StoredSpec, TargetHealth, TargetResult, Trigger
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.storage.runs import loading
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import scrape_runs
from tests.storage.values import claim_of, failed_of, items_of, minute, reap, result_of, skip_of, target_of

BAD = [Reason.TIMEOUT, Reason.DNS_ERROR, Reason.BLOCKED]


async def ran(store: SQLRunStore, number: float, *, bad: Reason | None = None, **others: Any) -> None:
    """Run the slot of a minute, well or badly."""
    claim = claim_of(number, **others)
    assert await store.claim(claim)
    await store.finish(failed_of(claim, reason=bad) if bad else result_of(claim, target_of(items_of(a="1"))))


async def test_an_empty_database_knows_no_schedule(store: SQLRunStore) -> None:
    assert await store.load_states() == {}


async def test_the_last_slot_is_the_last_that_was_run_or_skipped_on_schedule(store: SQLRunStore) -> None:
    await ran(store, 0)
    await store.skip(skip_of(1))
    await ran(store, 2, slot=Manual("now"))
    state = (await store.load_states())["uid-1"]
    assert state.last_slot == minute(1)
    assert state.last_schedule_time == minute(2)


async def test_the_generation_of_the_last_slot_is_known_also_where_it_was_skipped(store: SQLRunStore) -> None:
    await ran(store, 0)
    await store.skip(skip_of(1, generation=2))
    await ran(store, 2, slot=Manual("now"), generation=3)
    assert (await store.load_states())["uid-1"].slot_generation == 2


async def test_a_slot_that_is_running_was_dealt_with(store: SQLRunStore) -> None:
    await ran(store, 0)
    await store.claim(claim_of(1))
    state = (await store.load_states())["uid-1"]
    assert state.last_slot == state.last_schedule_time == minute(1)
    assert state.last_run is not None
    assert state.last_run.scheduled_for == minute(0)
    assert state.active == {}


async def test_the_last_request_is_remembered_whether_it_ran_or_not(store: SQLRunStore) -> None:
    await ran(store, 0, slot=Manual("2026-11-24T09:58:00Z"))
    assert (await store.load_states())["uid-1"].last_handled_request == "2026-11-24T09:58:00Z"
    await store.skip(skip_of(1, slot=Manual("again")))
    assert (await store.load_states())["uid-1"].last_handled_request == "again"


async def test_missed_and_skipped_are_counted_apart(store: SQLRunStore) -> None:
    await ran(store, 0, missed=4)
    await store.skip(skip_of(1, reason=Reason.MISSED_DEADLINE, missed=2))
    await store.skip(skip_of(2, reason=Reason.SKIPPED_WINDOW))
    state = (await store.load_states())["uid-1"]
    assert (state.missed, state.skipped) == (7, 1)


async def test_history_holds_the_last_five_runs_newest_first_without_skips(store: SQLRunStore) -> None:
    for number in range(7):
        await ran(store, number)
        await store.skip(skip_of(number + 0.5))
    state = (await store.load_states())["uid-1"]
    assert [run.scheduled_for for run in state.history] == [minute(number) for number in (6, 5, 4, 3, 2)]
    assert state.history[0] == state.last_run
    assert state.history[0].counts == ItemCounts(total=1)


async def test_failures_in_a_row_are_counted_beyond_history(store: SQLRunStore) -> None:
    await ran(store, 0)
    for number in range(1, 9):
        await ran(store, number, bad=Reason.TIMEOUT)
    state = (await store.load_states())["uid-1"]
    assert state.consecutive_failures == 8
    assert state.items == ItemCounts(total=1)


async def test_failures_in_a_row_are_counted_where_no_run_was_ever_good(store: SQLRunStore) -> None:
    for number in range(6):
        await ran(store, number, bad=Reason.TIMEOUT)
    state = (await store.load_states())["uid-1"]
    assert state.consecutive_failures == 6
    assert state.last_successful_time is None
    assert state.items == ItemCounts()


@pytest.mark.parametrize("stopped", [0, 1, 7])
async def test_the_last_failure_is_known_after_runs_that_were_canceled(store: SQLRunStore, stopped: int) -> None:
    await ran(store, 0)
    await ran(store, 1, bad=Reason.TIMEOUT, generation=3)
    for number in range(2, 2 + stopped):
        claim = claim_of(number, generation=4)
        await store.claim(claim)
        await store.finish(replace(result_of(claim), status=RunStatus.CANCELED, reason=Reason.REPLACED))
    state = (await store.load_states())["uid-1"]
    assert state.last_failure is not None
    assert (state.last_failure.generation, state.last_failure.scheduled_for) == (3, minute(1))
    await ran(store, 60)
    assert (await store.load_states())["uid-1"].last_failure is None


async def test_an_orphan_counts_as_a_failure_and_leaves_target_healths(store: SQLRunStore) -> None:
    await ran(store, 0)
    await store.claim(claim_of(1))
    await reap(store, minute(2))
    state = (await store.load_states())["uid-1"]
    assert state.consecutive_failures == 1
    assert state.last_failure_time == minute(2)
    assert state.items == ItemCounts(total=1)
    assert [target.name for target in state.targets] == ["quotes"]


async def test_target_healths_keep_breach_and_since(store: SQLRunStore) -> None:
    for number in range(2):
        claim = claim_of(number)
        await store.claim(claim)
        breached = target_of(
            status=RunStatus.PARTIALLY_SUCCEEDED,
            reason=Reason.EXPECTATION_FAILED,
            message="3 items, minItems is 10",
            breach="minItems",
        )
        await store.finish(result_of(claim, target_of(name="z"), breached))
    since = claim_of(0).started_at + timedelta(seconds=5)
    partly, unmet = RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED
    assert (await store.load_states())["uid-1"].targets == (
        TargetHealth("z", RunStatus.SUCCEEDED, Reason.SUCCEEDED),
        TargetHealth("quotes", partly, unmet, "3 items, minItems is 10", since, "minItems"),
    )


async def test_a_reason_of_a_newer_program_keeps_no_older_one_from_starting(store: SQLRunStore) -> None:
    await ran(store, 0, bad=Reason.TIMEOUT)
    newer = scrape_runs.update().values(reason="SunSpots")
    await store._database.write(lambda connection: connection.execute(newer))
    [run] = (await store.load_states())["uid-1"].history
    assert run.reason is Reason.INTERNAL_ERROR


async def test_all_pages_are_read(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "SCHEDULES_PER_PAGE", 3)
    uids = [f"uid-{number:02}" for number in range(10)]
    for uid in uids:
        await ran(store, 0, uid=uid)
    assert sorted(await store.load_states()) == uids


class Life:
    """One schedule that lives on, with its state kept up by what happens to it."""

    def __init__(self, uid: str, seed: int) -> None:
        self.uid = uid
        self.state = ScheduleState()
        self.random = random.Random(f"{seed} {uid}")

    async def step(self, store: SQLRunStore, number: int) -> None:
        """Let the slot of a minute pass, in one way or another."""
        if self.random.random() < 0.3:
            await self._skip(store, number)
        else:
            await self._run(store, number)
        if self.last_trigger is Trigger.SCHEDULED:
            self.state.last_slot = minute(number)
            self.state.slot_generation = 1

    def _identity(self, number: int) -> dict[str, Any]:
        self.last_trigger = self.random.choice([Trigger.SCHEDULED, Trigger.SCHEDULED, Trigger.MANUAL])
        manual = {"slot": Manual(f"token-{number}")}
        return {"uid": self.uid, "missed": self.random.choice([0, 0, 2])} | (
            manual if self.last_trigger is Trigger.MANUAL else {}
        )

    async def _skip(self, store: SQLRunStore, number: int) -> None:
        reason = self.random.choice([Reason.MISSED_DEADLINE, Reason.SKIPPED_OVERLAP, Reason.SKIPPED_WINDOW])
        skipped = skip_of(number, reason=reason, **self._identity(number))
        assert await store.skip(skipped)
        self.state.record_skip(skipped)

    async def _run(self, store: SQLRunStore, number: int) -> None:
        claim = claim_of(number, **self._identity(number))
        assert await store.claim(claim)
        self.state.record_start(claim, claim.scheduled_for)
        targets = [self._target(name) for name in ("one", "two")]
        kind = self.random.choice([RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.FAILED, RunStatus.CANCELED])
        if kind is RunStatus.SUCCEEDED:
            result = result_of(claim, *targets)
        else:
            result = replace(failed_of(claim, *targets[self.random.randrange(3) :]), status=kind)
        counts = await store.finish(result)
        assert counts is not None
        self.state.record_finish(result, counts)

    def _target(self, name: str) -> TargetResult:
        if self.random.random() < 0.5:
            texts = {self.random.choice("abcdef"): self.random.choice("12") for _ in range(3)}
            return target_of(items_of(**texts), name=name)
        reason = self.random.choice(BAD[:2])
        return target_of(name=name, status=RunStatus.FAILED, reason=reason, message=f"it was {reason}")

    def expected(self) -> ScheduleState:
        """Return the state as rows can tell it: since when a target is fine, they don't say."""
        fine = RunStatus.SUCCEEDED
        self.state.targets = tuple(
            replace(target, since=None) if target.status is fine else target for target in self.state.targets
        )
        return self.state


@pytest.mark.parametrize("seed", [pytest.param(number, id=f"seed-{number}") for number in range(4)])
async def test_loaded_states_are_those_that_were_kept_up(
    store: SQLRunStore, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "SCHEDULES_PER_PAGE", 2)
    lives = [Life(f"uid-{number}", seed) for number in range(5)]
    for number in range(25):
        for life in lives:
            await life.step(store, number)
    assert await store.load_states() == {life.uid: life.expected() for life in lives}


async def test_pruning_and_a_restart_change_nothing_but_the_history(store: SQLRunStore) -> None:
    life = Life("uid-1", seed=3)
    for number in range(30):
        await life.step(store, number)
        await store.prune("uid-1", successful=0, failed=0, older_than=minute(number))
        (loaded,) = (await store.load_states()).values()
        assert loaded == replace(life.expected(), history=loaded.history, last_run=loaded.last_run)
        assert loaded.last_run == life.state.last_run
    assert len(loaded.history) < 4


async def test_failures_outlive_a_history_of_none(store: SQLRunStore) -> None:
    for number in range(30):
        await ran(store, number, bad=Reason.TIMEOUT)
        await store.prune("uid-1", successful=0, failed=0, older_than=minute(number))
    state = await store.load_state("uid-1")
    assert state is not None
    assert (state.runs, state.consecutive_failures) == (30, 30)


async def test_one_schedule_is_loaded_as_all_are(store: SQLRunStore) -> None:
    for uid in ("uid-1", "uid-2"):
        await ran(store, 0, uid=uid)
    assert await store.load_state("uid-2") == (await store.load_states())["uid-2"]
    assert await store.load_state("uid-3") is None


async def test_the_default_interval_in_force_is_known(store: SQLRunStore) -> None:
    await ran(store, 0, spec=StoredSpec(default_interval=timedelta(minutes=5)))
    state = await store.load_state("uid-1")
    assert state is not None
    assert state.default_interval == timedelta(minutes=5)


async def test_an_orphan_is_no_failure_in_a_row_where_a_later_run_was_good(store: SQLRunStore) -> None:
    await store.claim(claim_of(0))
    await ran(store, 1)
    await reap(store, minute(2))
    state = await store.load_state("uid-1")
    assert state is not None
    assert (state.runs, state.consecutive_failures, state.last_failure_time) == (2, 0, minute(2))
    assert state.items == state.history[0].counts
