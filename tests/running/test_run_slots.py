import asyncio

from scrape_operator.running.run_slots import LentPlace, RunSlots


async def test_places_are_given_in_the_order_of_asking() -> None:
    room, stop = RunSlots(1), asyncio.get_running_loop().create_future()
    order: list[int] = []

    async def visit(number: int) -> None:
        assert await room.acquire(stop, None)
        order.append(number)
        await asyncio.sleep(0)
        room.release()

    await asyncio.gather(*(visit(number) for number in range(5)))
    assert order == list(range(5))
    assert await room.acquire(stop, 0.0)


async def test_who_has_no_more_patience_takes_no_place() -> None:
    room, stop = RunSlots(1), asyncio.get_running_loop().create_future()
    assert await room.acquire(stop, 0.0)
    assert not await room.acquire(stop, 0.0)
    room.release()
    assert await room.acquire(stop, 0.0)


async def test_a_stop_ends_the_waiting() -> None:
    room, stop = RunSlots(1), asyncio.get_running_loop().create_future()
    assert await room.acquire(stop, None)
    waiting = asyncio.create_task(room.acquire(stop, None))
    await asyncio.sleep(0)
    stop.set_result(None)
    assert not await waiting


async def test_a_place_that_comes_to_somebody_who_is_cancelled_goes_on_to_the_next() -> None:
    room, stop = RunSlots(1), asyncio.get_running_loop().create_future()
    assert await room.acquire(stop, None)
    waiting = [asyncio.create_task(room.acquire(stop, None)) for _ in range(2)]
    await asyncio.sleep(0)
    room.release()
    waiting[0].cancel()
    assert await waiting[1]
    assert (await asyncio.gather(*waiting, return_exceptions=True))[1] is True


async def test_a_place_is_lent_while_all_targets_wait() -> None:
    slots, stop = RunSlots(1), asyncio.get_running_loop().create_future()
    assert await slots.acquire(stop, 0)
    place = LentPlace(slots, targets=2)
    with place.lent():
        assert not await slots.acquire(stop, 0)
        with place.lent():
            assert await slots.acquire(stop, 0)
            assert not await slots.acquire(stop, 0)
    slots.release()  # the run that had borrowed the place ends: the lender has it again
    assert not await slots.acquire(stop, 0)
    slots.release()
    assert await slots.acquire(stop, 0)


async def test_a_place_that_was_taken_back_goes_to_nobody_until_one_is_free() -> None:
    slots, stop = RunSlots(1), asyncio.get_running_loop().create_future()
    assert await slots.acquire(stop, 0)
    with LentPlace(slots, targets=1).lent():
        assert await slots.acquire(stop, 0)
    waiting = asyncio.create_task(slots.acquire(stop, None))
    await asyncio.sleep(0)
    slots.release()
    await asyncio.sleep(0)
    assert not waiting.done()
    slots.release()
    assert await waiting
