"""What the watch missed is found by lists, for every kind alike."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, Kind
from scrape_operator.core.errors import ClusterError
from scrape_operator.watching import reconciling as module
from scrape_operator.watching.reconciling import Reconciler

SECOND = replace(SCRAPE_SCHEDULE, kind="Second", plural="seconds")


class Source:
    """Lists objects by kind; `error` is raised in the middle of a list."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[str, dict[str, Any]]] = {"ScrapeSchedule": {}, "Second": {}}
        self.error: ClusterError | None = None

    def put(self, kind: Kind, uid: str, generation: int = 1, **metadata: Any) -> None:
        facts = {"uid": uid, "name": uid, "namespace": "default", "generation": generation, **metadata}
        self.lists[kind.kind][uid] = {"metadata": facts, "spec": {}}

    async def objects(self, kind: Kind, namespaces: Sequence[str] = ()) -> AsyncGenerator[dict[str, Any]]:
        for obj in list(self.lists[kind.kind].values()):
            yield obj
        if self.error is not None:
            raise self.error

    async def metadata(self, kind: Kind, namespaces: Sequence[str] = ()) -> AsyncGenerator[dict[str, Any]]:
        async for obj in self.objects(kind, namespaces):
            yield {"metadata": obj["metadata"]}

    async def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        return self.lists[kind.kind].get(name)

    async def is_served(self, kind: Kind, namespaces: Sequence[str] = ()) -> bool:
        return True


class Handler:
    """Records what it is told."""

    def __init__(self) -> None:
        self.objects: dict[str, int] = {}
        self.dropped: list[str] = []
        self.lists = 0

    def applied(self, obj: Mapping[str, Any], *, at_once: bool = True) -> None:
        self.objects[obj["metadata"]["uid"]] = obj["metadata"]["generation"]

    def removed(self, uid: str) -> None:
        del self.objects[uid]
        self.dropped.append(uid)

    def listed(self) -> None:
        self.lists += 1

    def knows(self, metadata: Mapping[str, Any]) -> bool:
        return self.objects.get(metadata["uid"], -1) >= int(metadata["generation"])

    def known(self) -> Mapping[str, str]:
        return dict.fromkeys(self.objects, "default/x")


class Bench:
    def __init__(self) -> None:
        self.source = Source()
        self.first, self.second = Handler(), Handler()
        self.reconciler = Reconciler(self.source, (), {SCRAPE_SCHEDULE: self.first, SECOND: self.second})


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.0)
    return Bench()


async def test_priming_handles_every_object_of_every_kind_and_drops_what_is_gone(bench: Bench) -> None:
    for number in range(50):
        bench.source.put(SCRAPE_SCHEDULE, f"u{number}")
    bench.source.put(SECOND, "s")
    bench.first.objects["gone"] = 1
    assert await bench.reconciler.prime() == 51
    assert set(bench.first.objects) == {f"u{number}" for number in range(50)}
    assert bench.second.objects == {"s": 1}
    assert bench.first.dropped == ["gone"]
    assert (bench.first.lists, bench.second.lists) == (1, 1)
    assert bench.reconciler.last_list_at is not None


async def test_what_the_watch_missed_is_added_changed_and_dropped(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "same")
    bench.source.put(SCRAPE_SCHEDULE, "changed", generation=2)
    bench.source.put(SECOND, "new")
    bench.first.objects = {"same": 1, "changed": 1, "gone": 1}
    assert await bench.reconciler.reconcile() == 2
    assert bench.first.objects == {"same": 1, "changed": 2}
    assert bench.second.objects == {"new": 1}
    assert bench.first.dropped == ["gone"]
    assert await bench.reconciler.reconcile() == 0


async def test_an_object_that_is_being_deleted_is_dropped(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "going", deletionTimestamp="2026-11-29T12:00:00Z")
    bench.first.objects = {"going": 1}
    assert await bench.reconciler.reconcile() == 0
    assert bench.first.dropped == ["going"]


async def test_a_change_that_arrives_meanwhile_was_not_missed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "late", generation=2)

    async def arrive(_seconds: float) -> None:
        bench.first.objects["late"] = 2

    monkeypatch.setattr(asyncio, "sleep", arrive)
    assert await bench.reconciler.reconcile() == 0


@pytest.mark.parametrize("verb", ["prime", "reconcile"])
async def test_a_list_that_breaks_off_drops_nothing(bench: Bench, verb: str) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "seen")
    bench.source.error = ClusterError("away")
    bench.first.objects = {"seen": 1, "unseen": 1}
    with pytest.raises(ClusterError):
        await getattr(bench.reconciler, verb)()
    assert bench.first.dropped == []


async def test_plans_are_compiled_again_from_a_list(bench: Bench) -> None:
    for number in range(30):
        bench.source.put(SCRAPE_SCHEDULE, f"u{number}")
    seen: list[str] = []
    count = await bench.reconciler.recompile(SCRAPE_SCHEDULE, lambda obj: seen.append(obj["metadata"]["uid"]), "shop")
    assert count == len(seen) == 30


async def test_missed_deletions_are_dropped_and_nothing_is_added() -> None:
    bench = Bench()
    bench.source.put(SCRAPE_SCHEDULE, "new")
    bench.first.objects, bench.second.objects = {"gone": 1}, {"gone too": 1}
    await bench.reconciler.drop_deleted()
    assert (bench.first.dropped, bench.second.dropped) == (["gone"], ["gone too"])
    assert bench.first.objects == {}
