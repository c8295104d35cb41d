"""What the results API answers while its database is away."""

import pytest

from scrape_operator.storage.reading.results import SQLResultReader
from scrape_operator.storage.store import SQLRunStore
from tests.dev.controlplane.postgres import Postgres
from tests.results.api import BASE, DEFAULT_RUNS, ITEMS, RUNS, open_api
from tests.storage.values import claim_of, skip_of
from tests.support.waiting import eventually


async def test_discovery_is_answered_without_a_database(free_port: int) -> None:
    async with open_api(f"postgresql://user:secret@127.0.0.1:{free_port}/runs") as api:
        for path in (BASE, "/apis", "/openapi/v2", "/openapi/v3"):
            assert (await api.get(path))[0] == 200
        for path in (RUNS, ITEMS, DEFAULT_RUNS, f"{DEFAULT_RUNS}/quotes-{'a' * 26}"):
            status, shown = await api.get(path)
            assert (status, shown["reason"], shown["details"]) == (503, "ServiceUnavailable", {"retryAfterSeconds": 1})
            assert "the database is away" in shown["message"]
            assert "secret" not in shown["message"]
        assert (await api.get(RUNS, watch="true"))[0] == 503


async def test_tables_of_another_version_are_an_outage(postgres: Postgres, postgres_url: str) -> None:
    async with open_api(postgres_url) as api:
        status, shown = await api.get(RUNS)
        assert (status, "scrape-operator migrate" in shown["message"]) == (503, True)


async def test_a_watch_outlasts_an_outage_of_the_poller(
    store: SQLRunStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api(url) as api, api.watch() as stream:
        await store.claim(claim_of(0))
        assert await stream.take(1) == [("ADDED", "Running")]
        reader, failures = api.feed._reader, []
        assert isinstance(reader, SQLResultReader)

        async def fail(*_: object) -> None:
            failures.append(1)
            raise OSError("no route")

        with monkeypatch.context() as broken:
            broken.setattr(reader._database._transactions, "run", fail)
            await eventually(lambda: len(failures) >= 2)
        await store.skip(skip_of(1))
        assert await stream.take(1) == [("ADDED", "Skipped")]
