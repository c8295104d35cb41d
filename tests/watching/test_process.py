"""A part that must not end ends: the process says so, stops, and exits with an error."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scrape_operator.settings import Settings
from scrape_operator.storage.errors import StoreLocked
from scrape_operator.watching.process import Process, database_kind, start_facts
from scrape_operator.wiring import App


def process(stop: asyncio.Event) -> Process:
    """A process whose parts are never asked for anything."""
    engine = SimpleNamespace(settings=Settings(), registry=None, scheduler=None)
    app = SimpleNamespace(
        engine=engine,
        objects=None,
        policies=SimpleNamespace(on_changed=None),
        writer=SimpleNamespace(last_written_at=0.0),
        metrics=SimpleNamespace(bind_watch=lambda _measure: None),
    )
    return Process(cast("App", app), stop)


async def fail(error: Exception | None) -> None:
    await asyncio.sleep(0)
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(None, 1, id="it returns"),
        pytest.param(RuntimeError("x"), 1, id="it fails"),
        pytest.param(StoreLocked("another one"), 2, id="another process has the database"),
    ],
)
async def test_a_supervised_task_that_ends_ends_the_process(
    caplog: pytest.LogCaptureFixture, error: Exception | None, code: int
) -> None:
    stop = asyncio.Event()
    made = process(stop)
    made._supervise("journal", lambda: fail(error))
    await asyncio.wait_for(stop.wait(), 10)
    assert "journal has ended" in made._problems()
    assert made._exit_code == code
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize(
    "end", [pytest.param(lambda stop: stop.set(), id="at the stop"), pytest.param(lambda _stop: None, id="canceled")]
)
async def test_a_task_that_ends_in_order_is_no_defect(end: Callable[[asyncio.Event], None]) -> None:
    stop = asyncio.Event()
    made = process(stop)
    made._supervise("journal", lambda: fail_later(stop))
    end(stop)
    made._tasks[0].cancel()
    await asyncio.gather(*made._tasks, return_exceptions=True)
    assert made._exit_code == 0
    assert not made._dead


async def fail_later(stop: asyncio.Event) -> None:
    await stop.wait()
    await asyncio.sleep(3600)


@pytest.mark.parametrize(
    ("changes", "database"),
    [
        pytest.param({}, "SQLite", id="no URL"),
        pytest.param({"DATABASE_URL": "sqlite:///x.db"}, "SQLite", id="a file"),
        pytest.param({"DATABASE_URL": "postgresql://u:hunter2@h/d"}, "PostgreSQL", id="a server"),
    ],
)
def test_the_start_line_names_what_matters_and_no_password(changes: dict[str, Any], database: str) -> None:
    settings = Settings.model_validate(changes)
    facts = start_facts(settings, 8080)
    assert facts["database"] == database
    assert facts["namespaces"] == "all"
    assert "hunter2" not in str(facts)
    if settings.database_url is not None:
        assert database_kind(settings.database_url) == database
