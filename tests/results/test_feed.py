"""The feed returns every change, also one that comes at the moment at which a watch would be told of none."""

import asyncio
from typing import cast
from uuid import UUID

import pytest

from scrape_operator.core.results import Changes, DeletedRun, ResultReader
from scrape_operator.results.feed import Batch, ChangeFeed


class Reader:
    """Has one change for each revision. It answers at once, so a test decides what happens in one turn of the loop."""

    def __init__(self) -> None:
        self.last = 10

    async def last_revision(self) -> int:
        return self.last

    async def changes(self, since: int, until: int | None = None) -> Changes:
        end = self.last if until is None else min(until, self.last)
        return Changes(since, end, deleted=[deleted(revision) for revision in range(since + 1, end + 1)])


def deleted(revision: int) -> DeletedRun:
    return DeletedRun(UUID(int=revision), "default", "quotes", "scheduled", "SUCCEEDED", None, 1, 2, revision)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
async def feed(reader: Reader) -> ChangeFeed:
    """A feed that has reached the last revision."""
    made = ChangeFeed(cast("ResultReader", reader))
    await made.poll()
    return made


def revisions(batch: Batch | None) -> list[int]:
    return [run.revision for run in batch.changes.deleted] if batch else []


async def change(feed: ChangeFeed, reader: Reader) -> None:
    reader.last += 1
    await feed.poll()


async def test_a_change_in_the_turn_of_the_timeout_is_returned(feed: ChangeFeed, reader: Reader) -> None:
    waiting = asyncio.create_task(feed.next(10, 0.0))
    changing = asyncio.create_task(change(feed, reader))
    assert revisions(await waiting) == [11]
    await changing


async def test_a_change_in_the_turn_of_the_end_is_returned(feed: ChangeFeed, reader: Reader) -> None:
    waiting = asyncio.create_task(feed.next(10, 60.0))
    await asyncio.sleep(0)
    await change(feed, reader)
    feed.close()
    assert revisions(await waiting) == [11]


async def test_none_means_that_nothing_is_left_up_to_where_the_feed_is(feed: ChangeFeed, reader: Reader) -> None:
    assert await feed.next(10, 0.0) is None
    await change(feed, reader)
    assert revisions(await feed.next(10, 0.0)) == [11]
    feed.close()
    assert await feed.next(11, 60.0) is None
    assert feed.reached == 11
