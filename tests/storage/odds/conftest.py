import asyncio
from collections.abc import Iterator

import pytest

from scrape_operator.storage.odds.sink import OddsSink
from scrape_operator.storage.store import open_store
from tests.storage.odds.database import Database
from tests.storage.values import settings_for


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with asyncio.Runner() as runner:
        opened = open_store(settings_for(url), [OddsSink()])
        store = runner.run(opened.__aenter__())
        yield Database(runner, store)
        runner.run(opened.__aexit__(None, None, None))
