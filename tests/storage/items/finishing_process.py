"""A process that stores the results of runs, as tests of items see it."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, event

from scrape_operator.core.runs.items import Item, ItemCounts
from scrape_operator.core.runs.run import RunResult, TargetResult
from scrape_operator.storage.runs.finishing import Finishing
from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import claim_of, result_of, target_of


class UndoneError(Exception):
    """Ends a transaction that did its work."""


class Process:
    """What one process remembers, on a database that others share."""

    def __init__(self, store: SQLRunStore) -> None:
        self.store = store
        self.finishing = Finishing()

    async def claim(self, number: float, *seen: Item, uid: str = "uid-1") -> RunResult:
        return await self.claim_target(number, target_of(seen), uid=uid)

    async def claim_target(self, number: float, target: TargetResult, uid: str = "uid-1") -> RunResult:
        claim = claim_of(number, uid=uid)
        assert await self.store.claim(claim)
        return result_of(claim, target)

    async def finish(self, result: RunResult, statements: list[str] | None = None) -> ItemCounts | None:
        def work(connection: Connection) -> Sequence[ItemCounts | None]:
            if statements is not None:
                event.listen(connection, "before_cursor_execute", lambda *called: statements.append(called[2]))
            return self.finishing.finish_runs(connection, [result])

        [counts] = await self.store._database.write(work)
        return counts

    async def run(self, number: float, *seen: Item, uid: str = "uid-1") -> ItemCounts | None:
        return await self.finish(await self.claim(number, *seen, uid=uid))

    async def undo(self, result: RunResult) -> None:
        def work(connection: Connection) -> None:
            self.finishing.finish_runs(connection, [result])
            raise UndoneError

        with pytest.raises(Exception, match="UndoneError"):
            await self.store._database.write(work)
