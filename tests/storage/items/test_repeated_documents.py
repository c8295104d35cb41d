"""Items of unchanged documents are stored without being read, and as if they had been; never wrongly."""

import random
from uuid import UUID

import pytest

from scrape_operator.core.runs.items import Item, ItemCounts, ItemMode
from scrape_operator.core.runs.repeated_items import RepeatedItems
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import items
from tests.storage.items.finishing_process import Process
from tests.storage.values import items_of, rows_of, target_of

DOCUMENTS = {
    "a": items_of(a="1", b="2"),
    "b": items_of(a="1", b="3"),
    "c": items_of(b="3", c="4", **{"a\0": "1"}),
    "d": items_of(**{f"n{number}": "1" for number in range(12)}),
}
SEEDS = range(20)
RUNS = 40


class Read:
    """The items of a document, and how often they were read."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.count = 0

    def __call__(self) -> list[Item]:
        self.count += 1
        return DOCUMENTS[self.document]

    def repeated(self, of_run: UUID) -> RepeatedItems:
        return RepeatedItems(of_run, len(DOCUMENTS[self.document]), self)


async def contents(store: SQLRunStore, uid: str) -> list[tuple[object, ...]]:
    """Return all about the items of a schedule but their ids."""
    rows = [row for row in await rows_of(store, items) if row["schedule_uid"] == uid]
    names = ("key", "data", "content_hash", "first_seen_at", "last_seen_at", "changed_at", "gone_at")
    return sorted((tuple(row[name] for name in names) for row in rows), key=str)


async def test_items_that_are_stored_are_not_read(store: SQLRunStore) -> None:
    process, read = Process(store), Read("a")
    first = await process.claim_target(0, uid="uid-1", target=target_of(DOCUMENTS["a"]))
    assert await process.finish(first) is not None
    before = first.claim.id
    for number in (1, 2, 3):
        again = await process.claim_target(number, uid="uid-1", target=target_of(read.repeated(before)))
        assert await process.finish(again) == ItemCounts(total=2)
        before = again.claim.id
    assert {row["run_id"] for row in await rows_of(store, items)} == {before}
    assert not read.count
    fresh = await process.claim_target(4, uid="uid-1", target=target_of(DOCUMENTS["a"]))
    assert await process.finish(fresh) == ItemCounts(total=2)


@pytest.mark.parametrize("other", ["another process", "a restart", "rolled back", "another run"])
async def test_items_that_are_not_stored_as_they_were_are_read(store: SQLRunStore, other: str) -> None:
    process, read = Process(store), Read("a")
    first = await process.claim_target(0, uid="uid-1", target=target_of(DOCUMENTS["a"]))
    if other == "rolled back":
        await process.undo(first)
    else:
        assert await process.finish(first) is not None
    if other == "another process":
        between = await process.claim_target(1, uid="uid-1", target=target_of(DOCUMENTS["b"]))
        assert await Process(store).finish(between) is not None
    elif other == "a restart":
        process = Process(store)
    of_run = UUID(int=0) if other == "another run" else first.claim.id
    again = await process.claim_target(2, uid="uid-1", target=target_of(read.repeated(of_run)))
    assert await process.finish(again) is not None
    assert read.count == 1
    assert {row["data"]["name"]: row["data"]["text"] for row in await rows_of(store, items)} == {"a": "1", "b": "2"}
    assert {row["run_id"] for row in await rows_of(store, items)} == {again.claim.id}


@pytest.mark.parametrize("seed", SEEDS)
async def test_histories_are_those_of_runs_that_read_everything(store: SQLRunStore, seed: int) -> None:
    dice, process, plain = random.Random(seed), Process(store), Process(store)
    mode = dice.choice([ItemMode.UPSERT, ItemMode.SNAPSHOT])
    earlier: dict[str, list[UUID]] = {document: [] for document in DOCUMENTS}
    for number in range(RUNS):
        document = dice.choice("aaabcd")
        runs = earlier[document]
        of_run = runs[-1] if runs and dice.random() < 0.8 else dice.choice([*runs, UUID(int=0)])
        found = Read(document).repeated(of_run) if dice.random() < 0.7 else DOCUMENTS[document]
        one = await process.claim_target(number, uid="uid-1", target=target_of(found, mode=mode))
        two = await process.claim_target(number, uid="uid-2", target=target_of(DOCUMENTS[document], mode=mode))
        if dice.random() < 0.1:
            await process.undo(one)
        if dice.random() < 0.1:
            process = Process(store)
        counts = await process.finish(one)
        assert counts is not None
        assert counts == await plain.finish(two)
        runs.append(one.claim.id)
    assert await contents(store, "uid-1") == await contents(store, "uid-2")
