"""Group commit: batches form by themselves, and an operation succeeds or fails by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, text

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.storage.engine import batching
from scrape_operator.storage.engine.address import SQLiteAddress
from scrape_operator.storage.engine.committer import ANSWERS_AT_ONCE, Committer
from scrape_operator.storage.engine.database import Database
from scrape_operator.storage.engine.transactions import Timeouts
from scrape_operator.storage.errors import StoreRefused

T = TypeVar("T")


class Notebook:
    """A table of numbers, and what the committer did about it: real transactions, which a test can hold back."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.gate = asyncio.Event()
        self.gate.set()
        self.away = False
        self.transactions: list[tuple[float, int]] = []

    async def transact(self, work: Callable[[Connection], T]) -> T:
        await self.gate.wait()
        if self.away:
            raise StoreUnavailable("the database is away: it was unplugged")
        return await self.database.write(work)

    def note(self, connection: Connection, numbers: Sequence[int]) -> list[str]:
        """Insert each number once; of a number that is there already the database complains."""
        for number in numbers:
            connection.execute(text("INSERT INTO notes VALUES (:n)"), {"n": number})
        return [f"noted {number}" for number in numbers]

    def erase(self, connection: Connection, numbers: Sequence[int]) -> list[str]:
        for number in numbers:
            connection.execute(text("DELETE FROM notes WHERE n = :n"), {"n": number})
        return [f"erased {number}" for number in numbers]

    async def numbers(self) -> list[int]:
        numbers = text("SELECT n FROM notes ORDER BY n")
        return list(await self.database.read(lambda connection: connection.scalars(numbers).all()))

    def committer(self, **others: int) -> Committer:
        return Committer(
            self.transact, lambda seconds, operations: self.transactions.append((seconds, operations)), **others
        )


@pytest.fixture
async def notebook(tmp_path: Path) -> AsyncIterator[Notebook]:
    database = Database(SQLiteAddress(tmp_path / "notes.db"), Timeouts())
    await database.open()
    await database.write(lambda connection: connection.execute(text("CREATE TABLE notes (n INTEGER PRIMARY KEY)")))
    yield Notebook(database)
    await database.close()


async def queued(*calls: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    """Start calls, and let each come to where it waits."""
    tasks = [asyncio.create_task(call) for call in calls]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_an_idle_store_commits_at_once(notebook: Notebook) -> None:
    async with notebook.committer() as committer:
        assert await committer.submit(notebook.note, 1) == "noted 1"
        assert await notebook.numbers() == [1]
    [(seconds, operations)] = notebook.transactions
    assert operations == 1
    assert seconds > 0


async def test_what_queues_during_a_transaction_goes_into_the_next(notebook: Notebook) -> None:
    notebook.gate.clear()
    async with notebook.committer() as committer:
        calls = await queued(committer.submit(notebook.note, 0))
        calls += await queued(*(committer.submit(notebook.note, number) for number in range(1, 50)))
        notebook.gate.set()
        assert await asyncio.gather(*calls) == [f"noted {number}" for number in range(50)]
    assert [operations for _, operations in notebook.transactions] == [1, 49]


async def test_kinds_share_a_transaction_and_each_gets_its_answers(notebook: Notebook) -> None:
    async with notebook.committer() as committer:
        calls = [committer.submit(notebook.note if number % 2 else notebook.erase, number) for number in range(10)]
        assert await asyncio.gather(*calls) == [
            f"noted {number}" if number % 2 else f"erased {number}" for number in range(10)
        ]
    assert len(notebook.transactions) == 1


async def test_a_batch_is_bounded_by_operations_and_by_weight(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MAX_OPERATIONS", 4)
    monkeypatch.setattr(batching, "MAX_WEIGHT", 10)
    async with notebook.committer() as committer:
        weights = [1, 1, 1, 1, 1, 8, 2, 50, 1]
        calls = [committer.submit(notebook.note, number, weight=weight) for number, weight in enumerate(weights)]
        await asyncio.gather(*calls)
    assert [operations for _, operations in notebook.transactions] == [4, 2, 1, 1, 1]


async def test_a_poisoned_operation_fails_alone(notebook: Notebook) -> None:
    async with notebook.committer() as committer:
        await committer.submit(notebook.note, 3)
        calls = [committer.submit(notebook.note, number) for number in range(6)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(answers[3], StoreRefused)
        assert [answer for number, answer in enumerate(answers) if number != 3] == [
            f"noted {number}" for number in (0, 1, 2, 4, 5)
        ]
        assert await notebook.numbers() == list(range(6))


async def test_a_defect_in_an_operation_is_refused_and_the_committer_goes_on(notebook: Notebook) -> None:
    def broken(connection: Connection, numbers: Sequence[int]) -> list[str]:
        raise ZeroDivisionError

    def short(connection: Connection, numbers: Sequence[int]) -> list[str]:
        return []

    async with notebook.committer() as committer:
        for defect in (broken, short):
            with pytest.raises(StoreRefused):
                await committer.submit(defect, 1)
        assert await committer.submit(notebook.note, 1) == "noted 1"


async def test_an_observer_that_fails_stops_nothing(notebook: Notebook, caplog: pytest.LogCaptureFixture) -> None:
    def fail(seconds: float, operations: int) -> None:
        raise ZeroDivisionError

    async with Committer(notebook.transact, fail) as committer:
        for number in range(2):
            assert await committer.submit(notebook.note, number) == f"noted {number}"
    assert "the observer of transactions failed" in caplog.text


async def test_where_the_database_is_away_all_that_wait_are_told(notebook: Notebook) -> None:
    notebook.gate.clear()
    async with notebook.committer() as committer:
        calls = await queued(*(committer.submit(notebook.note, number) for number in range(1_200)))
        notebook.away = True
        notebook.gate.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert {(type(answer), str(answer)) for answer in answers} == {
            (StoreUnavailable, "the database is away: it was unplugged")
        }
        assert len({id(answer) for answer in answers}) == 1_200
        notebook.away = False
        assert await committer.submit(notebook.note, 1) == "noted 1"
    assert [operations for _, operations in notebook.transactions] == [1]


async def test_callers_wait_while_too_many_are_pending(notebook: Notebook) -> None:
    notebook.gate.clear()
    async with notebook.committer(max_pending=3) as committer:
        calls = await queued(*(committer.submit(notebook.note, number) for number in range(8)))
        assert len(committer._waiting) <= 3
        notebook.gate.set()
        await asyncio.gather(*calls)
    assert await notebook.numbers() == list(range(8))
    assert max(operations for _, operations in notebook.transactions) <= 3


async def test_what_is_urgent_goes_first_and_needs_no_room(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_OPERATIONS", 1)
    notebook.gate.clear()
    order: list[int] = []

    def record(connection: Connection, numbers: Sequence[int]) -> list[None]:
        order.extend(numbers)
        return [None] * len(numbers)

    async with notebook.committer(max_pending=3) as committer:
        calls = await queued(*(committer.submit(record, number) for number in range(5)))
        calls += await queued(committer.submit_urgent(record, 99))
        notebook.gate.set()
        await asyncio.gather(*calls)
    assert order == [0, 99, 1, 2, 3, 4]


async def test_what_nobody_waits_for_is_done_after_what_waits(notebook: Notebook) -> None:
    async with notebook.committer() as committer:
        calls = await queued(committer.submit(notebook.note, 1))
        committer.submit_unattended(notebook.erase, 1)
        await asyncio.gather(*calls)
    assert await notebook.numbers() == []


async def test_an_accepted_operation_is_done_even_if_its_caller_is_cancelled(notebook: Notebook) -> None:
    notebook.gate.clear()
    async with notebook.committer() as committer:
        [caller] = await queued(committer.submit(notebook.note, 1))
        caller.cancel()
        notebook.gate.set()
    assert await notebook.numbers() == [1]


async def test_closing_does_what_was_accepted_and_refuses_the_rest(notebook: Notebook) -> None:
    notebook.gate.clear()
    async with AsyncExitStack() as stack:
        committer = await stack.enter_async_context(notebook.committer(max_pending=2))
        calls = await queued(*(committer.submit(notebook.note, number) for number in range(4)))
        [closing] = await queued(stack.pop_all().aclose())
        with pytest.raises(StoreUnavailable, match="closed"):
            await committer.submit_urgent(notebook.note, 9)
        committer.submit_unattended(notebook.note, 9)
        notebook.gate.set()
        await closing
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[:2] == ["noted 0", "noted 1"]
    assert [type(answer) for answer in answers[2:]] == [StoreUnavailable, StoreUnavailable]
    assert await notebook.numbers() == [0, 1]


async def test_a_committer_that_is_cancelled_leaves_nobody_waiting(notebook: Notebook) -> None:
    notebook.gate.clear()
    committer = notebook.committer()
    await committer.__aenter__()
    calls = await queued(committer.submit(notebook.note, 0))
    calls += await queued(committer.submit(notebook.note, 1))
    assert committer._task is not None
    committer._task.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable, StoreUnavailable]
    with pytest.raises(StoreUnavailable):
        await committer.submit(notebook.note, 2)


async def test_few_callers_go_on_in_one_turn_of_the_event_loop(notebook: Notebook) -> None:
    turn, turns = 0, Counter[int]()

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def call(number: int) -> None:
        await committer.submit(notebook.note, number)
        turns[turn] += 1

    notebook.gate.clear()
    async with notebook.committer() as committer:
        [counter] = await queued(count())
        calls = await queued(*(call(number) for number in range(50)))
        notebook.gate.set()
        await asyncio.gather(*calls)
        counter.cancel()
    assert max(turns.values()) <= ANSWERS_AT_ONCE


async def test_all_callers_of_a_transaction_are_answered_where_the_committer_is_cancelled(notebook: Notebook) -> None:
    async def stop(number: int) -> str:
        answer = await committer.submit(notebook.note, number)
        if number == 0:
            assert committer._task is not None
            committer._task.cancel()
        return answer

    notebook.gate.clear()
    committer = notebook.committer()
    await committer.__aenter__()
    calls = await queued(*(stop(number) for number in range(50)))
    notebook.gate.set()
    assert await asyncio.gather(*calls) == [f"noted {number}" for number in range(50)]


async def test_operations_gather_after_a_transaction(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "GATHER_SECONDS", 0.2)
    async with notebook.committer() as committer:
        await asyncio.gather(*(committer.submit(notebook.note, number) for number in range(3)))
        calls = []
        for number in range(3, 6):
            calls += await queued(committer.submit(notebook.note, number))
        await asyncio.gather(*calls)
    assert [operations for _, operations in notebook.transactions] == [3, 3]


async def test_closing_waits_for_nothing(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "GATHER_SECONDS", 3600.0)
    monkeypatch.setattr(batching, "PATIENT_SECONDS", 3600.0)
    async with notebook.committer() as committer:
        await committer.submit(notebook.note, 0)
        calls = await queued(committer.submit(notebook.note, 1))
        calls += await queued(committer.submit(notebook.note, 2, patient=True))
    assert [await call for call in calls] == ["noted 1", "noted 2"]
