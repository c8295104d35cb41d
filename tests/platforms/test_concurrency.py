import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.concurrency import MAX_FAILURES_IN_A_ROW, VANISHED, Reading, Vanished, read_concurrently
from scrape_operator.platforms.port import MAX_KINDS_COUNTED, MAX_NOTES_KEPT, ScrapeContext


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
    async with aclosing(read_concurrently(range(count), Reading(read, str, width), context)) as numbers:
        async for number in numbers:
            found.append(number)
    return found


async def test_what_fails_alone_is_lost_and_the_rest_is_read(context) -> None:
    assert await everything(context, failing(Reason.TIMEOUT, 3), 6) == [0, 1, 2, 4, 5]
    assert [(loss.subject, loss.failure.reason) for loss in context.losses.kept] == [("3", Reason.TIMEOUT)]
    assert not context.is_complete


async def test_several_failures_in_a_row_end_the_walk(context) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        await everything(context, failing(Reason.TIMEOUT, *range(2, 20)), 20)
    assert caught.value.reason is Reason.TIMEOUT
    assert context.losses.count == MAX_FAILURES_IN_A_ROW - 1


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

    async with aclosing(read_concurrently(range(100), Reading(read, str, 4), context)) as numbers:
        assert await anext(numbers) == 0
        assert under_way == {0, 1, 2, 3}
    assert sorted(cancelled) == [1, 2, 3]


async def test_a_defect_is_no_loss(context) -> None:
    async def read(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        await everything(context, read, 3)


def vanishing(*numbers: int):
    async def read(number: int) -> int:
        if number in numbers:
            raise Vanished(Reason.RATE_LIMITED, "no such event")
        return number

    return read


async def test_what_vanished_since_it_was_listed_is_counted_and_is_no_loss(context) -> None:
    assert len(await everything(context, vanishing(3, 7), 60)) == 58
    assert context.is_complete
    assert context.counters == {VANISHED: 2}


@pytest.mark.parametrize(
    "numbers",
    [pytest.param(range(0, 60, 6), id="scattered"), pytest.param(range(30, 60), id="all of the end")],
)
async def test_too_many_that_vanished_are_losses(context, numbers) -> None:
    try:
        await everything(context, vanishing(*numbers), 60)
    except ScrapeFailed as failure:
        assert failure.reason is Reason.RATE_LIMITED
    assert not context.is_complete
    assert context.counters == {}


def test_a_promise_that_is_kept_is_no_loss(context) -> None:
    context.promise(3)
    context.promise(2, "events of league 7")
    context.deliver(3)
    context.deliver(4, "events of league 7")
    context.settle()
    assert context.is_complete


@pytest.mark.parametrize(
    ("counts", "delivered", "lost"),
    [
        pytest.param([5], 3, 2, id="some are missing"),
        pytest.param([5, 0], 3, 2, id="a later count is smaller"),
        pytest.param([5, None], 5, 0, id="a later count is missing"),
        pytest.param([None, 5], 4, 1, id="an earlier count is missing"),
        pytest.param([None], 9, 1, id="no count at all proves nothing"),
        pytest.param([0], 0, 0, id="nothing was promised"),
    ],
)
def test_what_a_platform_counts_and_does_not_deliver_is_lost(context, counts, delivered, lost) -> None:
    for count in counts:
        context.promise(count, "events")
    context.deliver(delivered, "events")
    context.settle()
    context.settle()
    assert context.losses.count == lost
    assert context.is_complete == (lost == 0)


def test_what_a_context_keeps_is_bounded_and_what_it_counts_is_not(context) -> None:
    for number in range(1000):
        context.lose(f"event {number}", ScrapeFailed(Reason.TIMEOUT, "late"))
        context.count_unknown(f"market {number}")
        context.note("as before")
    assert (len(context.losses.kept), context.losses.count) == (MAX_NOTES_KEPT, 1000)
    assert (len(context.unknown), sum(context.unknown.values())) == (MAX_KINDS_COUNTED + 1, 1000)
    assert len(context.warnings()) == 2 * MAX_NOTES_KEPT + 2
