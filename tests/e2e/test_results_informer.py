"""A client-go informer sees every change of a run once: over restarts of the results API, and over pruning."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrape_operator.core.ids import uuid7
from scrape_operator.storage.store import SQLRunStore
from tests.dev.controlplane.connection import Cluster
from tests.dev.controlplane.goprogram import build_program
from tests.e2e.results import Informer, ResultsProcess
from tests.storage.values import claim_of, items_of, minute, result_of, skip_of, target_of

SOURCE = Path(__file__).with_name("informer")


@pytest.fixture
def start_informer(control_plane: Cluster, tmp_path: Path) -> Iterator[Callable[..., Informer]]:
    started: list[Informer] = []

    def start(*, lists_first: bool) -> Informer:
        started.append(Informer(build_program(SOURCE), control_plane, tmp_path, lists_first=lists_first))
        return started[-1]

    yield start
    for informer in started:
        informer.close()


async def ended(store: SQLRunStore, number: int) -> None:
    claim = claim_of(number, id=uuid7(minute(number)))
    await store.claim(claim)
    await store.finish(result_of(claim, target_of(items_of(a=str(number)))))


@pytest.mark.parametrize(
    ("database_url", "lists_first"),
    [
        pytest.param("sqlite", False, id="watch-list"),
        pytest.param("sqlite", True, id="list+watch"),
        pytest.param("postgres", False, id="watch-list of PostgreSQL", marks=pytest.mark.postgres),
        pytest.param("postgres", True, id="list+watch of PostgreSQL", marks=pytest.mark.postgres),
    ],
    indirect=["database_url"],
)
async def test_an_informer_sees_every_change_once(
    store: SQLRunStore, results: ResultsProcess, start_informer: Callable[..., Informer], *, lists_first: bool
) -> None:
    for number in range(3):
        await ended(store, number)
    informer = start_informer(lists_first=lists_first)
    informer.await_count("synced", 1)
    assert len(informer.events("add")) == 3

    going_on = claim_of(3, scheduled_for=minute(3).replace(microsecond=0))
    await store.claim(going_on)
    informer.await_count("add", 4)
    due = sorted(event["due"] for event in informer.events("add"))
    assert due == [f"2026-11-24T10:0{number}:00.{micros}Z" for number, micros in enumerate(["250000"] * 3 + ["000000"])]
    await store.finish(result_of(going_on, target_of()))
    informer.await_count("update", 1)

    assert results.stop() == 0
    await ended(store, 4)
    results.start()
    informer.await_count("add", 5)

    await store.prune("uid-1", successful=2, failed=1, older_than=minute(-9))
    informer.await_count("delete", 3)
    assert results.stop() == 0
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    await store.skip(skip_of(5))
    results.start()
    informer.await_count("delete", 4)
    informer.await_count("add", 6)

    # While the API is away, client-go gives its watch up and lists again, which repeats all that it holds.
    seen = [event for event in informer.events("add", "update", "delete") if event["version"] != event.get("before")]
    assert [event["phase"] for event in seen if event["event"] == "update"] == ["Succeeded"]
    changes = Counter((event["event"] == "delete", event["name"], event["version"]) for event in seen)
    assert set(changes.values()) == {1}
    gone = {event["name"] for event in informer.events("delete")}
    left = [event["phase"] for event in informer.events("add") if event["name"] not in gone]
    assert left == ["Succeeded", "Skipped"]
