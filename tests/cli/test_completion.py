"""The names of schedules are completed from the database, and nothing is shown where there is none."""

import asyncio
from pathlib import Path

import pytest

from scrape_operator.cli.completion import known_names
from scrape_operator.storage.store import open_store
from tests.cli.test_start import complete
from tests.storage.values import claim_of, result_of, settings_for, target_of
from tests.support.databases import make_sqlite


async def fill(url: str) -> None:
    async with open_store(settings_for(url)) as store:
        claim = claim_of(0)
        await store.claim(claim)
        await store.finish(result_of(claim, target_of([])))


def test_a_shell_gets_the_names_that_fit(tmp_path: Path) -> None:
    asyncio.run(fill(make_sqlite(tmp_path / "runs.db")))
    for words, names in (("items ", "quotes\n"), ("items qu", "quotes\n"), ("items x", "\n"), ("runs ", "quotes\n")):
        done = complete(tmp_path, f"scrape-operator {words}", SCRAPE_OPERATOR_SQLITE_PATH="runs.db")
        assert (done.returncode, done.stdout, done.stderr) == (0, names, "[]\n")


@pytest.mark.parametrize("namespace", ["-n elsewhere", "--namespace elsewhere"])
def test_the_namespace_of_the_command_line_is_asked(tmp_path: Path, namespace: str) -> None:
    asyncio.run(fill(make_sqlite(tmp_path / "runs.db")))
    done = complete(tmp_path, f"scrape-operator items {namespace} ", SCRAPE_OPERATOR_SQLITE_PATH="runs.db")
    assert done.stdout == "\n"


@pytest.mark.parametrize("url", ["sqlite:///absent.db", "postgresql://nobody@127.0.0.1:1/none", "nonsense"])
def test_no_database_means_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    assert list(known_names("default")) == []
    assert list(tmp_path.iterdir()) == []
