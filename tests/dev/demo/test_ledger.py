"""The demo reads the operator's own tables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy

from scrape_operator.storage.tables import metadata, scrape_runs
from tests.dev.demo.ledger import count_items, read_runs

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A file with one run that has ended and one that goes on."""
    file = tmp_path / "runs.db"
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    counts = {f"items_{kind}": number for number, kind in enumerate(("scraped", "total", "new", "changed", "gone"), 1)}
    row = {
        "id": UUID(int=1),
        "schedule_uid": "u",
        "namespace": "n",
        "name": "json-api",
        "generation": 1,
        "trigger": "scheduled",
        "slot": "a",
        "scheduled_for": NOON,
        "status": "SUCCEEDED",
        "reason": "Succeeded",
        "message": "",
        "started_at": NOON + timedelta(milliseconds=2),
        "completed_at": NOON + timedelta(seconds=1),
        "requests": 1,
        "bytes": 1,
        "missed": 0,
        "owner": "o",
        **counts,
    }
    running = row | {"id": UUID(int=2), "slot": "b", "status": "RUNNING", "completed_at": None, "reason": None}
    with engine.begin() as connection:
        connection.execute(scrape_runs.insert(), [row, running])
    engine.dispose()
    return file


def test_only_runs_that_have_ended_are_given(database: Path) -> None:
    (run,) = read_runs(database)
    assert (run.name, run.status, run.items, run.new, run.changed, run.gone) == ("json-api", "SUCCEEDED", 1, 3, 4, 5)
    assert run.scheduled_for == NOON
    assert run.skew == timedelta(milliseconds=2)


def test_no_items_are_counted_in_an_empty_table(database: Path) -> None:
    assert count_items(database) == 0


def test_a_file_that_is_not_there_yet_has_no_runs(tmp_path: Path) -> None:
    assert read_runs(tmp_path / "none.db") == []
