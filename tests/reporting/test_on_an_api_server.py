"""The status on a real API server: its schema takes it, patches replace it whole, and a restart rewrites nothing."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.cluster.events import ClusterEventPoster
from scrape_operator.cluster.objects import ClusterObjects
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetHealth
from scrape_operator.core.runs.slot import Manual
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.schedule.state import ActiveRun, ScheduleState
from scrape_operator.reporting.events import EventReporter
from scrape_operator.reporting.status.build import build_status
from scrape_operator.reporting.status.writer import StatusWriter
from scrape_operator.reporting.status.written import Written
from scrape_operator.scheduling.ownership import SingleReplica
from tests.dev.controlplane.connection import Cluster
from tests.support import builders as make
from tests.support.clock import ManualClock
from tests.support.paths import ROOT

MANIFESTS = ROOT / "manifests"
HOSTILE = "<\"\\&'\u2028日本\x00" * 300


def parsed(text: str) -> dict[str, Any]:
    obj: dict[str, Any] = json.loads(text)
    return obj


@pytest.fixture
def schedule(control_plane: Cluster, crds: None, namespace: str) -> dict[str, Any]:
    """A schedule that nobody runs."""
    sample = str(MANIFESTS / "samples" / "json-api.yaml")
    created = control_plane.kubectl("create", "--namespace", namespace, "-f", sample, "-o", "json")
    return parsed(created)


class Bench:
    """A writer that speaks to the API server, and the object that it writes to."""

    def __init__(self, cluster: Cluster, schedule: dict[str, Any]) -> None:
        self._cluster = cluster
        self._schedule = schedule
        meta = schedule["metadata"]
        self.key = ObjectKey(meta["uid"], meta["namespace"], meta["name"])
        way = Credentials(cluster.url, str(cluster.ca_file), None, None, f"Bearer {cluster.token}")

        async def load() -> Credentials:
            return way

        self.client = ClusterClient(load)
        self.clock = ManualClock()
        self.gone: list[str] = []
        self.results: list[str] = []
        self.told = asyncio.Event()

    def status_written(self, result: str, seconds: float) -> None:
        self.results.append(result)
        self.told.set()

    def transitioned(self, *facts: object) -> None:
        """Stand in for the Events where a test does not look at them."""

    def writer(self, on_transition: Callable[..., None] | None = None) -> StatusWriter:
        return StatusWriter(
            ClusterObjects(self.client),
            self.clock,
            owner="me",
            writes_per_second=20,
            ownership=SingleReplica(),
            on_gone=self.gone.append,
            on_transition=on_transition or self.transitioned,
            on_written=self.status_written,
        )

    async def write(
        self, plan: SchedulePlan, state: ScheduleState, on_transition: Callable[..., None] | None = None
    ) -> None:
        writer = self.writer(on_transition)
        writer.changed(plan, state)
        assert await writer.flush(30)

    def read(self) -> dict[str, Any]:
        found = self._kubectl("get", "scrapeschedule", self.key.name, "-o", "json")
        status: dict[str, Any] = parsed(found)["status"]
        return status

    def object(self) -> dict[str, Any]:
        return parsed(self._kubectl("get", "scrapeschedule", self.key.name, "-o", "json", "--show-managed-fields"))

    def wait_for(self, condition: str) -> str:
        return self._kubectl("wait", f"scrapeschedule/{self.key.name}", f"--for=condition={condition}", "--timeout=5s")

    def events(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = parsed(self._kubectl("get", "events.v1.events.k8s.io", "-o", "json"))["items"]
        return items

    def delete(self) -> None:
        self._kubectl("delete", "scrapeschedule", self.key.name)

    def _kubectl(self, *args: str) -> str:
        return self._cluster.kubectl("--namespace", self.key.namespace, *args)


def full_state() -> ScheduleState:
    state = make.state(
        make.fine(1),
        make.broken(2),
        last_schedule_time=make.DUE,
        last_handled_request="2026-11-24T09:58:00Z",
        next_due=make.DUE + make.FIVE_MINUTES,
    )
    run_id = make.claim(3).id
    state.active[run_id] = ActiveRun(run_id, Manual("t"), make.NOW)
    return state


def hostile(key: ObjectKey) -> tuple[SchedulePlan, ScheduleState]:
    names = tuple(f"{n}{HOSTILE}" for n in range(64))
    state = full_state()
    state.last_handled_request = HOSTILE[:256]
    state.targets = tuple(
        TargetHealth(name, RunStatus.FAILED, Reason.TIMEOUT, HOSTILE, make.NOW, HOSTILE) for name in names
    )
    findings = tuple(Finding("spec.targets[0]", HOSTILE) for _ in range(20))
    plan = make.plan(key=key, target_names=names, schedule_text=HOSTILE, findings=findings, due_times=None)
    return plan, state


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(lambda key: (make.plan(key=key), make.state()), id="fresh"),
        pytest.param(lambda key: (make.plan(key=key), full_state()), id="full"),
        pytest.param(hostile, id="hostile"),
    ],
)
async def test_what_is_written_is_what_is_read(
    control_plane: Cluster,
    schedule: dict[str, Any],
    facts: Callable[[ObjectKey], tuple[SchedulePlan, ScheduleState]],
) -> None:
    bench = Bench(control_plane, schedule)
    async with bench.client:
        plan, state = facts(bench.key)
        await bench.write(plan, state)
        read = await asyncio.to_thread(bench.read)
        built = build_status(plan, state, now=bench.clock.now(), owner="me")
        assert read == built
        assert Written.of(read) == Written.of(built)
        assert len(json.dumps(read, ensure_ascii=False).encode()) < 8192


async def test_a_restart_reads_its_own_status_and_writes_nothing(
    control_plane: Cluster, schedule: dict[str, Any]
) -> None:
    bench = Bench(control_plane, schedule)
    async with bench.client:
        plan, state = make.plan(key=bench.key), full_state()
        await bench.write(plan, state)
        again = bench.writer()
        again.seed(plan, await asyncio.to_thread(bench.read))
        bench.clock.advance(3600)
        again.changed(plan, state)
        task = asyncio.create_task(again.run())
        bench.clock.advance(3600)
        bench.told.clear()
        await bench.told.wait()
        task.cancel()
        assert bench.results == ["written", "unchanged"]


async def test_what_is_no_longer_true_disappears(control_plane: Cluster, schedule: dict[str, Any]) -> None:
    bench = Bench(control_plane, schedule)
    async with bench.client:
        await bench.write(make.plan(key=bench.key), full_state())
        plan = make.plan(key=bench.key, suspend=True, policy=None)
        await bench.write(plan, make.state(make.fine()))
        read = await asyncio.to_thread(bench.read)
        assert read == build_status(plan, make.state(make.fine()), now=bench.clock.now(), owner="me")
        assert "nextScheduleTime" not in read


async def test_kubectl_can_wait_for_the_conditions(control_plane: Cluster, schedule: dict[str, Any]) -> None:
    bench = Bench(control_plane, schedule)
    async with bench.client:
        await bench.write(make.plan(key=bench.key), make.state(make.fine()))
        assert "condition met" in await asyncio.to_thread(bench.wait_for, "Ready")
        await bench.write(make.plan(key=bench.key), make.state(make.broken()))
        assert "condition met" in await asyncio.to_thread(bench.wait_for, "Ready=False")


async def test_an_object_that_is_gone_is_noticed(control_plane: Cluster, schedule: dict[str, Any]) -> None:
    bench = Bench(control_plane, schedule)
    async with bench.client:
        await asyncio.to_thread(bench.delete)
        await bench.write(make.plan(key=bench.key), make.state())
        assert bench.gone == [bench.key.uid]


async def test_transitions_become_events_and_repetitions_a_series(
    control_plane: Cluster, schedule: dict[str, Any]
) -> None:
    bench = Bench(control_plane, schedule)
    async with bench.client:
        reporter = EventReporter(ClusterEventPoster(bench.client, "me"), bench.clock)
        for _ in range(3):
            await bench.write(make.plan(key=bench.key), make.state(make.broken()), reporter.transitioned)
            await reporter.flush(10)
            bench.clock.advance(60)
        [event] = await asyncio.to_thread(bench.events)
        assert (event["type"], event["reason"]) == ("Warning", "HTTPStatus")
        assert event["note"] == "Ready: target b: 500 from the site"
        assert event["regarding"]["uid"] == bench.key.uid
        assert (event["series"]["count"], event["series"]["lastObservedTime"]) == (3, "2026-11-25T12:02:00.000000Z")
        [managed] = schedule_managers(await asyncio.to_thread(bench.object))
        assert managed == "scrape-operator"


def schedule_managers(obj: dict[str, Any]) -> set[str]:
    """Return who wrote the status, by managedFields."""
    return {entry["manager"] for entry in obj["metadata"]["managedFields"] if entry.get("subresource") == "status"}
