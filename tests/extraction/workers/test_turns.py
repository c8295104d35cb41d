"""Turns at the workers, on an event loop without time: what is granted in which order."""

import asyncio
from collections.abc import Sequence

import pytest

from scrape_operator.extraction.workers.turns import FairTurns


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def order_of(places: int, waiting: Sequence[str]) -> list[str]:
    """Return who is granted a place, in order, where all of them wait and every turn is one step long."""
    turns, granted = FairTurns(places), []

    async def work(requester: str) -> None:
        async with turns.turn(requester):
            granted.append(requester)
            await settle()

    async with turns.turn("holder"):
        tasks = [asyncio.create_task(work(requester)) for requester in waiting]
        await settle()
    await asyncio.gather(*tasks)
    return granted


async def test_requesters_take_turns_round_robin() -> None:
    assert await order_of(1, ["a"] * 4 + ["b"] * 2 + ["c"]) == ["a", "b", "c", "a", "b", "a", "a"]


async def test_one_requester_holds_one_place_while_others_wait() -> None:
    turns = FairTurns(2)
    holding: list[str] = []

    async def work(requester: str, done: asyncio.Event) -> None:
        async with turns.turn(requester):
            holding.append(requester)
            await done.wait()
            holding.remove(requester)

    first, rest = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(work("a", first)), *(asyncio.create_task(work("a", rest)) for _ in range(3))]
    await settle()
    assert holding == ["a", "a"]
    tasks.append(asyncio.create_task(work("b", rest)))
    await settle()
    first.set()
    await settle()
    assert sorted(holding) == ["a", "b"]
    rest.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("when", ["waiting", "granted"])
async def test_who_is_canceled_gives_back_the_place(when: str) -> None:
    turns = FairTurns(1)

    async def work() -> None:
        async with turns.turn("a"):
            await asyncio.Event().wait()

    async with turns.turn("b"):
        task = asyncio.create_task(work())
        await settle()
        if when == "waiting":
            task.cancel()
    if when == "granted":
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), turns.turn("c"):
        pass


async def test_only_other_requesters_count_as_others_that_wait() -> None:
    turns = FairTurns(1)
    async with turns.turn("a"):
        waiting = asyncio.create_task(turns._acquire("a"))
        await settle()
        assert (turns.others_wait("a"), turns.others_wait("b")) == (False, True)
        waiting.cancel()


async def test_first_requesters_go_before_the_others() -> None:
    turns, granted = FairTurns(1, is_first=str.isupper), list[str]()

    async def work(requester: str) -> None:
        async with turns.turn(requester):
            granted.append(requester)

    async with turns.turn("holder"):
        tasks = [asyncio.create_task(work(requester)) for requester in ("a", "B", "c", "D", "B")]
        await settle()
    await asyncio.gather(*tasks)
    assert granted == ["B", "D", "B", "a", "c"]
