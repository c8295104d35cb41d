import asyncio

from scrape_operator.running.run_places import LentPlace, RunPlaces


async def test_places_are_given_in_the_order_of_asking() -> None:
    room, stop = RunPlaces(1), asyncio.get_running_loop().create_future()
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
    room, stop = RunPlaces(1), asyncio.get_running_loop().create_future()
    assert await room.acquire(stop, 0.0)
    assert not await room.acquire(stop, 0.0)
    room.release()
    assert await room.acquire(stop, 0.0)


async def test_a_stop_ends_the_waiting() -> None:
    room, stop = RunPlaces(1), asyncio.get_running_loop().create_future()
    assert await room.acquire(stop, None)
    waiting = asyncio.create_task(room.acquire(stop, None))
    await asyncio.sleep(0)
    stop.set_result(None)
    assert not await waiting


async def test_a_place_that_comes_to_somebody_who_is_cancelled_goes_on_to_the_next() -> None:
    room, stop = RunPlaces(1), asyncio.get_running_loop().create_future()
    assert await room.acquire(stop, None)
    waiting = [asyncio.create_task(room.acquire(stop, None)) for _ in range(2)]
    await asyncio.sleep(0)
    room.release()
    waiting[0].cancel()
    assert await waiting[1]
    assert (await asyncio.gather(*waiting, return_exceptions=True))[1] is True


async def test_a_place_is_lent_while_all_targets_wait() -> None:
    places, stop = RunPlaces(1), asyncio.get_running_loop().create_future()
    assert await places.acquire(stop, 0)
    place = LentPlace(places, targets=2)
    with place.lent():
        assert not await places.acquire(stop, 0)
        with place.lent():
            assert await places.acquire(stop, 0)
            assert not await places.acquire(stop, 0)
    places.release()  # the run that had borrowed the place ends: the lender has it again
    assert not await places.acquire(stop, 0)
    places.release()
    assert await places.acquire(stop, 0)


async def test_a_place_that_was_taken_back_goes_to_nobody_until_one_is_free() -> None:
    places, stop = RunPlaces(1), asyncio.get_running_loop().create_future()
    assert await places.acquire(stop, 0)
    with LentPlace(places, targets=1).lent():
        assert await places.acquire(stop, 0)
    waiting = asyncio.create_task(places.acquire(stop, None))
    await asyncio.sleep(0)
    places.release()
    await asyncio.sleep(0)
    assert not waiting.done()
    places.release()
    assert await waiting
