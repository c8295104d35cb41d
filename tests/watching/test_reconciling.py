"""What the watch missed is found by lists, for every kind alike."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, Kind
from scrape_operator.core.errors import ClusterError
from scrape_operator.watching.reconciling import SETTLE_SECONDS, Reconciler

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
        self.refused: set[str] = set()
        self.lists = 0

    def applied(self, obj: Mapping[str, Any], *, at_once: bool = True) -> None:
        if obj["metadata"]["uid"] in self.refused:
            raise ValueError(obj["metadata"]["uid"])
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
        self.now = 1000.0
        self.source = Source()
        self.first, self.second = Handler(), Handler()
        self.reconciler = Reconciler(self.source, (), {SCRAPE_SCHEDULE: self.first, SECOND: self.second})

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    async def reconcile(self) -> int:
        """Compare, and handle what the watch has not reported after a while."""
        await self.reconciler.compare()
        self.pass_time(SETTLE_SECONDS)
        return await self.reconciler.handle_missed()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench()
    monkeypatch.setattr(time, "monotonic", lambda: bench.now)
    return bench


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
    assert await bench.reconcile() == 2
    assert bench.first.objects == {"same": 1, "changed": 2}
    assert bench.second.objects == {"new": 1}
    assert bench.first.dropped == ["gone"]
    assert await bench.reconcile() == 0


async def test_an_object_that_is_being_deleted_is_dropped(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "going", deletionTimestamp="2026-11-29T12:00:00Z")
    bench.first.objects = {"going": 1}
    assert await bench.reconcile() == 0
    assert bench.first.dropped == ["going"]


async def test_a_change_that_the_watch_reports_meanwhile_was_not_missed(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "late", generation=2)
    await bench.reconciler.compare()
    bench.first.objects["late"] = 2
    bench.pass_time(SETTLE_SECONDS)
    assert await bench.reconciler.handle_missed() == 0


async def test_an_object_that_is_deleted_meanwhile_was_not_missed(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "short")
    await bench.reconciler.compare()
    del bench.source.lists["ScrapeSchedule"]["short"]
    bench.pass_time(SETTLE_SECONDS)
    assert await bench.reconciler.handle_missed() == 0
    assert bench.first.objects == {}


async def test_the_watch_has_time_from_the_first_list_that_shows_a_change(bench: Bench) -> None:
    bench.source.put(SCRAPE_SCHEDULE, "new")
    found = []
    for _ in range(4):
        await bench.reconciler.compare()
        found.append(await bench.reconciler.handle_missed())
        bench.pass_time(SETTLE_SECONDS / 2)
    assert found == [0, 0, 1, 0]


async def test_an_object_that_cannot_be_handled_does_not_keep_the_others_from_it(bench: Bench) -> None:
    for name in ("broken", "new"):
        bench.source.put(SCRAPE_SCHEDULE, name)
    bench.first.refused.add("broken")
    assert await bench.reconcile() == 1
    assert bench.first.objects == {"new": 1}
    bench.source.put(SECOND, "second")
    await bench.reconciler.prime()
    assert (bench.first.objects, bench.second.objects) == ({"new": 1}, {"second": 1})
    await bench.reconciler.recompile(SCRAPE_SCHEDULE, bench.first.applied, None)
    assert bench.first.objects == {"new": 1}


@pytest.mark.parametrize("verb", ["prime", "compare"])
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
