"""The memory for bodies: who waits, for what, and when it is given back. No sockets, no time."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.body.memory import (
    MEDIUM_BYTES,
    PAGE_BYTES,
    SMALL_BYTES,
    BodyMemory,
    BodyMemoryBusy,
    BodyReservation,
)
from scrape_operator.fetching.failures import HopFailed

MIB = 2**20


@contextmanager
def no_timer() -> Iterator[None]:
    yield


def reservation(memory: BodyMemory) -> BodyReservation:
    return BodyReservation(memory, no_timer)


async def is_granted(reserved: BodyReservation, size: int, most: int) -> bool:
    try:
        async with asyncio.timeout(0):
            await reserved.cover(size, most)
    except TimeoutError:
        return False
    return True


async def test_small_bodies_never_wait():
    memory = BodyMemory(4 * MIB)
    assert all([await is_granted(reservation(memory), SMALL_BYTES, 10 * MIB) for _ in range(100)])


async def test_big_bodies_wait_for_each_other_and_medium_ones_for_neither():
    memory = BodyMemory(20 * MIB)
    first, second, medium = (reservation(memory) for _ in range(3))
    assert await is_granted(first, 2 * MIB, 10 * MIB)
    assert await is_granted(first, 10 * MIB, 10 * MIB)
    assert not await is_granted(second, 2 * MIB, 10 * MIB)
    assert await is_granted(medium, MEDIUM_BYTES, 10 * MIB)
    first.release()
    assert await is_granted(second, 2 * MIB, 10 * MIB)


async def test_pages_take_a_part_of_the_share_for_medium_bodies_and_ask_anew_when_they_grow():
    memory = BodyMemory(4 * MIB)  # two for medium bodies: eight pages
    pages = [BodyReservation(memory, is_repeatable=True) for _ in range(8)]
    for page in pages:
        await page.cover(PAGE_BYTES, 10 * MIB)
    with pytest.raises(BodyMemoryBusy):
        await BodyReservation(memory, is_repeatable=True).cover(SMALL_BYTES + 1, 10 * MIB)
    with pytest.raises(BodyMemoryBusy):
        await pages[0].cover(PAGE_BYTES + 1, 10 * MIB)
    for page in pages[:4]:
        page.release()
    await pages[0].wait()  # as big as a medium body, since it is known to be more than a page
    with pytest.raises(BodyMemoryBusy):
        await BodyReservation(memory, is_repeatable=True).cover(SMALL_BYTES + 1, 10 * MIB)


async def test_a_page_grows_in_place_where_there_is_memory():
    memory = BodyMemory(4 * MIB)
    first, second = (BodyReservation(memory, is_repeatable=True) for _ in range(2))
    for reserved in (first, second):
        await reserved.cover(PAGE_BYTES, 10 * MIB)
        await reserved.cover(MEDIUM_BYTES, 10 * MIB)
    with pytest.raises(BodyMemoryBusy):
        await BodyReservation(memory, is_repeatable=True).cover(SMALL_BYTES + 1, 10 * MIB)


async def test_a_body_that_cannot_be_asked_for_again_takes_its_whole_share_at_once():
    memory = BodyMemory(4 * MIB)
    assert all([await is_granted(reservation(memory), SMALL_BYTES + 1, 10 * MIB) for _ in range(2)])
    assert not await is_granted(reservation(memory), SMALL_BYTES + 1, 10 * MIB)


async def test_a_read_page_keeps_no_more_than_its_size():
    memory = BodyMemory(4 * MIB)
    page = BodyReservation(memory, is_repeatable=True)
    await page.cover(SMALL_BYTES + 1, 10 * MIB)
    response = Response("https://x.example/", 200, {}, bytes(SMALL_BYTES + 1))
    page.hand_over(response)
    others = [BodyReservation(memory, is_repeatable=True) for _ in range(7)]
    for other in others:
        await other.cover(PAGE_BYTES, 10 * MIB)
    assert memory.medium.try_reserve(PAGE_BYTES - SMALL_BYTES - 1)


async def test_bodies_that_announce_to_be_big_leave_the_share_of_medium_ones_alone():
    memory = BodyMemory(4 * MIB)
    for _ in range(10):
        big = reservation(memory)
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await big.cover(SMALL_BYTES + 1, 2 * MIB, is_announced=True)
    assert await is_granted(reservation(memory), MEDIUM_BYTES, 10 * MIB)


async def test_a_body_keeps_what_it_needs_until_its_response_is_dropped():
    memory = BodyMemory(20 * MIB)
    first, second = reservation(memory), reservation(memory)
    await first.cover(3 * MIB, 10 * MIB)
    response = Response("https://x.example/", 200, {}, bytes(3 * MIB))
    first.hand_over(response)
    assert await is_granted(second, 2 * MIB, 7 * MIB)
    second.release()
    assert not await is_granted(reservation(memory), 2 * MIB, 8 * MIB)
    del response
    gc.collect()
    assert await is_granted(reservation(memory), 2 * MIB, 10 * MIB)


async def test_waiting_bodies_are_served_in_order_and_a_canceled_one_gives_way():
    memory = BodyMemory(20 * MIB)
    holder = reservation(memory)
    await holder.cover(2 * MIB, 10 * MIB)
    waiting = [asyncio.create_task(reservation(memory).cover(2 * MIB, most)) for most in (10 * MIB, 6 * MIB, 6 * MIB)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    holder.release()
    await asyncio.wait(waiting[:2])
    assert waiting[0].cancelled()
    assert waiting[1].done()
    assert not waiting[2].done()
    waiting[2].cancel()


async def test_a_body_beyond_all_memory_is_too_large():
    memory = BodyMemory(20 * MIB)
    reserved = reservation(memory)
    await reserved.cover(2 * MIB, 100 * MIB)
    with pytest.raises(HopFailed, match="memory limit") as caught:
        await reserved.cover(11 * MIB, 100 * MIB)
    assert caught.value.reason is Reason.TOO_LARGE
