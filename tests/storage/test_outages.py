"""A PostgreSQL that breaks, freezes or loses an answer: callers are told in time, and the store recovers by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.storage.engine import migrate
from scrape_operator.storage.engine.transactions import Timeouts
from scrape_operator.storage.runs.claims import claim_runs
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import items, scrape_runs
from tests.dev.controlplane.postgres import Postgres
from tests.storage.values import ME, claim_of, items_of, minute, result_of, rows_of, settings_for, target_of
from tests.support.web import stop_listening

pytestmark = pytest.mark.postgres

QUICK = Timeouts(connect=1.0, statement=1.0)


class Wire:
    """A TCP relay to the server that can be cut, or lose what one side says: a network as it is on a bad day."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self.passes_answers = True
        self.passes_questions = True
        self.cuts_after_commit = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            await stop_listening(server)
            self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, up_writer]
        await asyncio.gather(self._questions(reader, up_writer), self._answers(up_reader, writer))

    async def _questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await self._read(reader):
            if self.cuts_after_commit and b"COMMIT" in data:
                self.passes_answers = False
                writer.write(data)
                continue
            if self.passes_questions:
                writer.write(data)
        writer.transport.abort()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await self._read(reader):
            if self.cuts_after_commit and b"COMMIT" in data:  # it is done, and nobody will hear of it
                self.cuts_after_commit, self.passes_answers = False, True
                self.cut()
            elif self.passes_answers:
                writer.write(data)
        writer.transport.abort()

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(65_536)
        except ConnectionError:
            return b""


@pytest.fixture
async def wire(postgres: Postgres) -> Wire:
    return Wire(int(postgres.url.rpartition(":")[2].partition("/")[0]))


@pytest.fixture
async def wired(wire: Wire, migrated_postgres_url: str) -> AsyncIterator[SQLRunStore]:
    """A store that reaches its server by the wire."""
    async with wire.open() as port:
        head, _, tail = migrated_postgres_url.rpartition(":")
        url = f"{head}:{port}/{tail.partition('/')[2]}"
        async with open_store(settings_for(url), timeouts=QUICK) as store:
            yield store


async def test_a_server_that_is_stopped_and_started_needs_no_restart_of_ours(
    postgres: Postgres, migrated_postgres_url: str
) -> None:
    async with open_store(settings_for(migrated_postgres_url), timeouts=QUICK) as store:
        claim = claim_of()
        assert await store.claim(claim)
        postgres.stop()
        with pytest.raises(StoreUnavailable, match="the database is away"):
            await store.finish(result_of(claim, target_of(items_of(a="1"))))
        for call in (store.claim(claim_of(1)), store.leases(), store.ping(), store.load_states()):
            with pytest.raises(StoreUnavailable):
                await call
        with pytest.raises(StoreUnavailable):
            await store.renew(ME, [claim.id], minute(1))
        postgres.start()
        assert await store.finish(result_of(claim, target_of(items_of(a="1")))) == ItemCounts(total=1, new=1)
        assert await store.claim(claim_of(1))
        await store.ping()


async def test_a_restart_while_the_store_was_idle_goes_unnoticed(
    postgres: Postgres, migrated_postgres_url: str
) -> None:
    async with open_store(settings_for(migrated_postgres_url)) as store:
        await asyncio.gather(store.claim(claim_of()), store.ping(), store.ping())
        postgres.stop()
        postgres.start()
        await asyncio.gather(store.ping(), store.ping(), store.claim(claim_of(1)))


async def test_a_process_that_started_without_the_server_recovers_and_checks_the_tables(postgres: Postgres) -> None:
    url = postgres.create_database()
    settings = settings_for(url)
    postgres.stop()
    async with open_store(settings, timeouts=QUICK) as store:
        with pytest.raises(StoreUnavailable):
            await store.claim(claim_of())
        postgres.start()
        for call in (store.ping(), store.claim(claim_of())):
            with pytest.raises(StoreUnavailable, match="run `scrape-operator migrate`"):
                await call
        await migrate.upgrade(settings)
        await store.ping()
        assert await store.claim(claim_of())


async def test_a_claim_whose_commit_lost_its_answer_is_still_ours(wired: SQLRunStore, wire: Wire) -> None:
    claim = claim_of()
    wire.cuts_after_commit = True
    with pytest.raises(StoreUnavailable):
        await wired.claim(claim)
    assert await wired.claim(claim)
    assert not await wired.claim(claim_of())


async def test_a_finish_whose_commit_lost_its_answer_counts_once(wired: SQLRunStore, wire: Wire) -> None:
    claim = claim_of()
    await wired.claim(claim)
    result = result_of(claim, target_of(items_of(a="1", b="2")))
    wire.cuts_after_commit = True
    with pytest.raises(StoreUnavailable):
        await wired.finish(result)
    [row] = await rows_of(wired, scrape_runs)
    assert row["status"] == "SUCCEEDED"
    assert await wired.finish(result) == ItemCounts(total=2, new=2)
    assert len(await rows_of(wired, items)) == 2


async def test_a_server_that_says_nothing_is_given_up(wired: SQLRunStore, wire: Wire) -> None:
    await wired.claim(claim_of())
    wire.passes_answers = wire.passes_questions = False
    for call in (wired.claim(claim_of(1)), wired.ping()):
        with pytest.raises(StoreUnavailable):
            await call
    wire.passes_answers = wire.passes_questions = True
    wire.cut()
    assert await wired.claim(claim_of(1))


async def test_a_store_closes_though_its_server_says_nothing(
    wire: Wire, migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrape_operator.storage.engine.database.DISPOSE_SECONDS", 0.5)
    async with wire.open() as port:
        head, _, tail = migrated_postgres_url.rpartition(":")
        url = f"{head}:{port}/{tail.partition('/')[2]}"
        async with open_store(settings_for(url), timeouts=QUICK) as store:
            await asyncio.gather(store.claim(claim_of()), store.ping(), store.ping())
            wire.passes_answers = wire.passes_questions = False
            late = asyncio.create_task(store.claim(claim_of(1)))
            await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable):
            await late


async def test_a_database_that_turned_read_only_is_away_and_no_row_is_to_blame(
    postgres: Postgres, postgres_url: str
) -> None:
    await migrate.upgrade(settings_for(postgres_url))
    postgres.execute(f"ALTER DATABASE {postgres_url.rpartition('/')[2]} SET default_transaction_read_only = on")
    async with open_store(settings_for(postgres_url)) as store:
        with pytest.raises(StoreUnavailable, match="ReadOnlySQLTransactionError"):
            await store.claim(claim_of())


async def test_replicas_that_claim_the_same_slots_share_them_out(migrated_postgres_url: str) -> None:
    settings = settings_for(migrated_postgres_url)
    async with open_store(settings) as one, open_store(settings) as other:
        mine = [claim_of(number) for number in range(200)]
        theirs = [claim_of(number, owner="operator-2") for number in reversed(range(200))]
        won, lost = await asyncio.gather(
            asyncio.gather(*(one.claim(claim) for claim in mine)),
            asyncio.gather(*(other.claim(claim) for claim in theirs)),
        )
        assert list(won) == [not has for has in reversed(lost)]
        assert len(await rows_of(one, scrape_runs)) == 200


async def test_replicas_that_claim_the_same_slots_never_wait_in_a_circle(
    postgres: Postgres, migrated_postgres_url: str
) -> None:
    first, second = claim_of(1), claim_of(2)
    async with open_store(settings_for(migrated_postgres_url)) as store:
        others: list[asyncio.Task[bool]] = []

        async def others_wait(_driver: object) -> None:
            others.extend(asyncio.create_task(store.claim(claim_of(n, owner="operator-2"))) for n in (2, 1))
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while await asyncio.to_thread(postgres.execute, blocked) == "0":
                assert not any(other.done() for other in others)

        def claim_both(connection: Connection) -> list[bool]:
            won = claim_runs(connection, [first])
            driver: Any = connection.connection.dbapi_connection
            driver.run_async(others_wait)
            return won + claim_runs(connection, [second])

        assert await store._database.write(claim_both) == [True, True]
        assert await asyncio.gather(*others) == [False, False]
