import asyncio

from scrape_operator.running.run_slots import RunSlots


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
