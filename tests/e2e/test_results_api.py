"""kubectl and client-go read runs through a real API server; the rows are written by a store of the test."""

import json
import time
from pathlib import Path
from typing import Any

from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.store import SQLRunStore
from tests.dev.controlplane.connection import Cluster
from tests.e2e.process import until
from tests.e2e.results import ResultsProcess, await_described, await_shown
from tests.e2e.results_requests import GROUP
from tests.storage.values import claim_of, failed_of, items_of, minute, result_of, skip_of, target_of


async def fill(store: SQLRunStore) -> None:
    """Store what two schedules left."""
    for number in range(3):
        claim = claim_of(number)
        await store.claim(claim)
        seen = items_of(**{str(n): "1" for n in range(3 - number)})
        main = target_of(seen, mode=ItemMode.SNAPSHOT, warnings=("the price is doubtful",), phases={"connect": 0.5})
        await store.finish(result_of(claim, main))
    await store.skip(skip_of(3))
    failed = claim_of(4, uid="uid-2", name="shop")
    await store.claim(failed)
    await store.finish(failed_of(failed, target_of(name="page", status=RunStatus.FAILED, reason=Reason.TIMEOUT)))


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_kubectl_gets_runs_as_a_table(store: SQLRunStore, results: ResultsProcess) -> None:
    await fill(store)
    header, *lines = rows(results.kubectl("get", "srun"))
    assert header == ["NAME", "SCHEDULE", "STATUS", "REASON", "ITEMS", "CHANGED", "DURATION", "AGE"]
    assert [line[1:4] for line in lines] == [
        ["shop", "Failed", "Timeout"],
        ["quotes", "Skipped", "SkippedOverlap"],
        *[["quotes", "Succeeded", "Succeeded"]] * 3,
    ]
    wide = rows(results.kubectl("get", "scraperuns", "-o", "wide", "-l", "status=Failed"))
    assert wide[0][8:] == ["MESSAGE", "TARGETS", "REQUESTS", "BYTES"]
    assert wide[1][8:] == ["it", "failed", "0/1", "0", "0"]
    described = results.kubectl("describe", "srun", lines[-1][0])
    assert "the price is doubtful" in described
    assert "Connect:" in described
    shown: Any = json.loads(results.kubectl("get", "srun", lines[-1][0], "-o", "json"))
    assert shown["status"]["targets"][0]["phases"] == {"connect": 0.5}
    await_described(results.cluster)
    assert "Why the run ended so" in results.kubectl("explain", "srun.status.reason")
    assert rows(results.kubectl("get", "sitem", "-l", "status=Present"))[1][1:4] == ["quotes", "quotes", "Present"]


async def test_kubectl_watches_runs(store: SQLRunStore, results: ResultsProcess, tmp_path: Path) -> None:
    await fill(store)
    shown = tmp_path / "watch.txt"
    with results.watch(shown) as watching:
        until("the list", lambda: len(shown.read_text().splitlines()) == 6)
        begun, claim = time.monotonic(), claim_of(5)
        await store.claim(claim)
        await_shown(shown, "Running")
        await store.finish(result_of(claim, target_of()))
        await_shown(shown, "MODIFIED")
        assert time.monotonic() - begun < 10
        await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
        until("pruned runs", lambda: shown.read_text().count("DELETED") == 3)
        assert results.stop() == 0
        watching.wait(20)
    assert "INTERNAL_ERROR" not in shown.read_text()
    changed = [line.split() for line in shown.read_text().splitlines()[6:]]
    assert [(line[0], line[3]) for line in changed[:2]] == [("ADDED", "Running"), ("MODIFIED", "Succeeded")]


async def test_chunks_selectors_and_forms_of_output(store: SQLRunStore, results: ResultsProcess) -> None:
    await fill(store)
    for options in ("--chunk-size=2", "--chunk-size=500", "--chunk-size=0"):
        assert len(results.kubectl("get", "srun", "-o", "name", options).splitlines()) == 5
    names = results.kubectl("get", "srun", "-o", "name").splitlines()
    assert [name.split("/")[1].rsplit("-", 1)[0] for name in names] == ["shop", *["quotes"] * 4]
    for selector, count in (
        (("-l", "schedule=quotes,status in (Succeeded)"), 3),
        (("-l", "target=page"), 1),
        (("-l", "schedule!=quotes"), 1),
        (("--field-selector", "status.reason=Timeout"), 1),
        (("--field-selector", "spec.schedule=quotes,status.phase!=Skipped"), 3),
        (("--all-namespaces",), 5),
    ):
        assert len(results.kubectl("get", "srun", "-o", "name", *selector).splitlines()) == count, selector
    refused = results.kubectl("get", "srun", "--field-selector", "spec.colour=red", check=False)
    assert "field label not supported: spec.colour" in refused
    assert results.kubectl("get", names[0], "-o", "jsonpath={.status.phase}") == "Failed"
    assert "apiVersion: results.scrape-operator.dev/v1alpha1" in results.kubectl("get", names[0], "-o", "yaml")


async def test_nothing_can_be_written_through_kubectl(store: SQLRunStore, results: ResultsProcess) -> None:
    await fill(store)
    name = results.kubectl("get", "srun", "-o", "name").splitlines()[0]
    run = results.kubectl("get", name, "-o", "json")
    for command in (
        ("delete", name),
        ("delete", "srun", "--all"),
        ("label", name, "a=b"),
        ("patch", name, "-p", '{"spec":{"missed":1}}', "--type=merge"),
    ):
        refused = results.kubectl(*command, check=False)
        assert "(MethodNotAllowed): scraperuns are read-only: they are rows of the database" in refused, refused
    for verb in (["create"], ["apply"], ["apply", "--server-side"]):
        assert "MethodNotAllowed" in results.kubectl(*verb, "-f", "-", input=run, check=False)
    assert "not found" in results.kubectl("get", "srun", "quotes-nobody", check=False)
    assert len(results.kubectl("get", "srun", "-o", "name").splitlines()) == 5


async def test_the_resources_are_discovered(results: ResultsProcess) -> None:
    listed = rows(results.kubectl("api-resources", "--api-group=results.scrape-operator.dev", "-o", "wide"))
    assert [(line[0], line[1], line[5]) for line in sorted(listed[1:])] == [
        ("scrapeitems", "sitem", "get,list"),
        ("scraperuns", "srun", "get,list,watch"),
    ]
    for path in ("", "/v1alpha1"):
        assert "results.scrape-operator.dev" in results.kubectl("get", "--raw", f"/apis/{GROUP}{path}")
    openapi = f"/openapi/v3/apis/{GROUP}/v1alpha1"
    until("OpenAPI v3", lambda: "ScrapeItem" in results.kubectl("get", "--raw", openapi, check=False), within=60)
    assert "Seconds by phase" in results.kubectl("explain", "srun.status.targets.phases")
    until("OpenAPI v2", lambda: "v1alpha1.ScrapeRun" in results.kubectl("get", "--raw", "/openapi/v2"), within=60)


async def test_a_namespace_ends_beside_the_api(
    store: SQLRunStore, results: ResultsProcess, control_plane: Cluster
) -> None:
    await fill(store)
    ended = control_plane.create_namespace()
    control_plane.kubectl("delete", "namespace", ended, "--timeout=60s")
