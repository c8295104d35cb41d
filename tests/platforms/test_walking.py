import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.port import MAX_KINDS_COUNTED, MAX_NOTES_KEPT, ScrapeContext
from scrape_operator.platforms.walking import ENOUGH_LOSSES, walk


@pytest.fixture
def context():
    return ScrapeContext(datetime(2026, 12, 1, tzinfo=UTC))


def failing(reason: Reason, *numbers: int):
    async def read(number: int) -> int:
        if number in numbers:
            raise ScrapeFailed(reason, "did not answer")
        return number

    return read


async def everything(context, read, count: int, width: int = 1) -> list[int]:
    found = []
    async with aclosing(walk(range(count), read, context, width=width, name=str)) as numbers:
        async for number in numbers:
            found.append(number)  # noqa: PERF401 -- what came before a failure is kept
    return found


async def test_what_fails_alone_is_lost_and_the_rest_is_read(context) -> None:
    assert await everything(context, failing(Reason.TIMEOUT, 3), 6) == [0, 1, 2, 4, 5]
    assert [(loss.subject, loss.failure.reason) for loss in context.losses.kept] == [("3", Reason.TIMEOUT)]
    assert not context.is_complete


async def test_several_failures_in_a_row_end_the_walk(context) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        await everything(context, failing(Reason.TIMEOUT, *range(2, 20)), 20)
    assert caught.value.reason is Reason.TIMEOUT
    assert context.losses.count == ENOUGH_LOSSES - 1


async def test_failures_with_successes_between_do_not(context) -> None:
    assert len(await everything(context, failing(Reason.TIMEOUT, *range(0, 40, 2)), 40)) == 20
    assert context.losses.count == 20


async def test_a_block_ends_the_walk_at_once(context) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        await everything(context, failing(Reason.BLOCKED, 2), 20)
    assert caught.value.reason is Reason.BLOCKED
    assert context.is_complete


async def test_no_more_than_the_width_is_under_way_and_all_of_it_is_cancelled_when_the_walk_is_closed(context) -> None:
    under_way: set[int] = set()
    cancelled: list[int] = []
    never = asyncio.Event()

    async def read(number: int) -> int:
        under_way.add(number)
        try:
            if number:
                await never.wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    async with aclosing(walk(range(100), read, context, width=4, name=str)) as numbers:
        assert await anext(numbers) == 0
        assert under_way == {0, 1, 2, 3}
    assert sorted(cancelled) == [1, 2, 3]


async def test_a_defect_is_no_loss(context) -> None:
    async def read(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        await everything(context, read, 3)


def test_what_a_context_keeps_is_bounded_and_what_it_counts_is_not(context) -> None:
    for number in range(1000):
        context.lose(f"event {number}", ScrapeFailed(Reason.TIMEOUT, "late"))
        context.count_unknown(f"market {number}")
        context.note("as before")
    assert (len(context.losses.kept), context.losses.count) == (MAX_NOTES_KEPT, 1000)
    assert (len(context.unknown), sum(context.unknown.values())) == (MAX_KINDS_COUNTED + 1, 1000)
    assert len(context.warnings()) == 2 * MAX_NOTES_KEPT + 2
