"""`kubectl scrape run --wait` reports the run of its own request, while other manual runs go on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.core.errors import NotDone
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.schedule.plan import ConcurrencyPolicy, SchedulePlan
from scrape_operator.plugin import actions
from scrape_operator.plugin.actions import Place, await_run, request_run
from scrape_operator.plugin.requested_run import RequestedRun
from scrape_operator.reporting.status.build import build_status
from scrape_operator.scheduling.ownership import SingleReplica
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION
from scrape_operator.scheduling.scheduler import Scheduler
from tests.running.conftest import Harness, make_plan, settle
from tests.scheduling.harness import schedule
from tests.support.fakes import DayBudgets

PLACE = Place("default", "q")
SECONDS = 0.05


class Cluster:
    """An operator without a network, and the API server's object; the operator applies a request at once."""

    def __init__(self, policy: ConcurrencyPolicy) -> None:
        self.harness = harness = Harness(size=5)
        self.policy = policy
        self.obj: dict[str, Any] = schedule("q")
        self.registry = Registry(self.compile, timedelta(minutes=5), harness.recorder)
        parts = (self.registry, harness.pool, harness.recorder, harness.recorder, harness.clock)
        self.scheduler = Scheduler(*parts, SingleReplica(), DayBudgets())
        harness.pool.on_ended = self.scheduler.ended
        self.scheduler.applied(self.obj)

    def compile(self, obj: Mapping[str, Any], default_interval: timedelta) -> SchedulePlan:
        plan = make_plan(uid=obj["metadata"]["uid"])
        key = replace(plan.key, name=obj["metadata"]["name"])
        return replace(plan, key=key, first_run_at_once=False, concurrency_policy=self.policy, target_names=("main",))

    async def request(self, verb: str, path: str, body: Any = None, content_type: str = "") -> dict[str, Any]:
        if verb == "PATCH":
            self.obj = schedule("q", token=body["metadata"]["annotations"][REQUEST_ANNOTATION])
            self.scheduler.applied(self.obj)
            await settle()
        entry = self.registry.get("uid-q")
        assert entry is not None
        status = build_status(entry.plan, entry.state, now=self.harness.clock.now(), owner="me")
        return {**self.obj, "status": status}

    async def run(self) -> RequestedRun:
        """Request a run, one second after what was before."""
        self.harness.clock.advance(1)
        if self.policy is ConcurrencyPolicy.REPLACE:
            self.harness.targets.outcomes = {}
        return await request_run(cast("ClusterClient", self), PLACE)

    async def end(self, status: RunStatus) -> None:
        """End the active run alone."""
        self.harness.clock.advance(1)
        self.harness.targets.end("main", status)
        self.harness.targets.outcomes = {}
        await settle()

    async def outcome(self, requested: RequestedRun) -> str:
        line = await await_run(cast("ClusterClient", self), PLACE, requested, SECONDS)
        return line.split(" ")[2]

    async def is_waiting(self, requested: RequestedRun) -> bool:
        return requested.line_in(await self.request("GET", PLACE.path)) is None


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "POLL_SECONDS", SECONDS / 5)


async def test_a_run_that_replaces_another_is_not_the_canceled_one() -> None:
    cluster = Cluster(ConcurrencyPolicy.REPLACE)
    first = await cluster.run()
    second = await cluster.run()
    assert await cluster.is_waiting(second)
    assert await cluster.outcome(first) == "Canceled"
    await cluster.end(RunStatus.SUCCEEDED)
    assert await cluster.outcome(second) == "Succeeded"
    assert await cluster.outcome(first) == "Canceled"


async def test_a_run_that_waited_for_another_is_not_the_one_before_it() -> None:
    cluster = Cluster(ConcurrencyPolicy.QUEUE)
    first = await cluster.run()
    second = await cluster.run()
    await cluster.end(RunStatus.FAILED)
    assert await cluster.is_waiting(second)
    assert await cluster.outcome(first) == "Failed"
    await cluster.end(RunStatus.SUCCEEDED)
    assert await cluster.outcome(second) == "Succeeded"
    assert await cluster.outcome(first) == "Failed"


async def test_a_run_goes_on_while_a_later_request_is_skipped() -> None:
    cluster = Cluster(ConcurrencyPolicy.FORBID)
    first = await cluster.run()
    second = await cluster.run()
    assert await cluster.is_waiting(first)
    assert await cluster.outcome(second) == "Skipped"
    await cluster.end(RunStatus.SUCCEEDED)
    assert await cluster.outcome(first) == "Succeeded"


@pytest.mark.parametrize("policy", ConcurrencyPolicy)
@pytest.mark.parametrize("reads_each_status", [True, False])
async def test_each_of_three_requests_has_its_own_outcome(policy: ConcurrencyPolicy, reads_each_status: bool) -> None:
    cluster = Cluster(policy)
    waiting = [await cluster.run()]
    if reads_each_status:
        assert await cluster.is_waiting(waiting[0])
    await cluster.end(RunStatus.FAILED)
    waiting.append(await cluster.run())
    if reads_each_status:
        assert await cluster.is_waiting(waiting[1])
    await cluster.end(RunStatus.PARTIALLY_SUCCEEDED)
    waiting.append(await cluster.run())
    await cluster.end(RunStatus.SUCCEEDED)
    assert [await cluster.outcome(one) for one in waiting] == ["Failed", "PartiallySucceeded", "Succeeded"]


async def test_a_request_that_another_one_overwrote_unseen_is_not_reported_as_done() -> None:
    cluster = Cluster(ConcurrencyPolicy.FORBID)
    lost = RequestedRun("2026-12-01T00:00:00.000000+00:00", await cluster.request("GET", PLACE.path))
    await cluster.run()
    await cluster.end(RunStatus.SUCCEEDED)
    with pytest.raises(NotDone, match="did not end within"):
        await cluster.outcome(lost)
