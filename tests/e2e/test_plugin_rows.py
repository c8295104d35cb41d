"""`kubectl scrape` prints the same bytes from the database, through the results API, and by exec."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scrape_operator.core.runs.items import Item
from scrape_operator.storage.store import SQLRunStore
from tests.dev.controlplane.connection import Cluster
from tests.e2e.plugin import Printed, call_plugin, run_plugin, stand_in_for_exec
from tests.e2e.process import until
from tests.e2e.results import ResultsProcess
from tests.storage.values import claim_of, result_of, skip_of, target_of
from tests.support.odd_rows import store_odd_rows

pytestmark = pytest.mark.cluster

DATABASES = [
    pytest.param("sqlite", id="SQLite"),
    pytest.param("postgres", id="PostgreSQL", marks=pytest.mark.postgres),
]

PRINTED = [
    ("runs", "-o", "json"),
    ("items", "-o", "json"),
    ("runs", "quotes", "-o", "json"),
    ("runs", "quotes", "--failed", "-o", "ndjson"),
    ("runs", "quotes", "--last", "2", "-o", "csv"),
    ("runs", "quotes", "--since", "36500d", "-o", "json"),
    ("runs", "quotes"),
    ("runs", "quotes", "--failed", "--last", "1"),
    ("items", "quotes", "-o", "json"),
    ("items", "quotes", "--gone", "-o", "csv", "--limit", "0"),
    ("items", "quotes", "--target", "other", "-o", "ndjson"),
    ("items", "quotes", "--where", "sku=1", "-o", "json"),
    ("items", "quotes", "--columns", "sku,many,absent", "-o", "csv"),
    ("items", "quotes", "--columns", "schedule,*,gone_at", "-o", "csv"),
    ("items", "quotes", "--until", "2026-11-24T10:01Z", "-o", "ndjson"),
    ("runs", "quotes", "--until", "2026-11-24T10:01Z", "-o", "json"),
    ("runs", "quotes", "--outages"),
    ("runs", "--outages", "-o", "csv"),
    ("items", "quotes", "--since", "36500d", "-o", "parquet"),
    ("items", "quotes"),
    ("items", "quotes", "--gone", "--columns", "sku", "--target", "quotes", "--limit", "2"),
    ("items",),
    ("export", "quotes"),
    ("export", "quotes", "-o", "json"),
]

Print = Callable[..., Printed]


@pytest.fixture
def stranger(control_plane: Cluster, namespace: str) -> Path:
    """The kubeconfig of an account that has no rights at all."""
    control_plane.kubectl("create", "serviceaccount", "stranger", "--namespace", namespace)
    return control_plane.kubeconfig_of(namespace, "stranger")


@pytest.fixture
def from_database(
    control_plane: Cluster, tmp_path: Path, database_url: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> Print:
    def call(*arguments: str) -> Printed:
        return call_plugin(
            capfdbinary, control_plane.kubeconfig, *arguments, "-n", "default",
            folder=tmp_path, DATABASE_URL=database_url,
        )  # fmt: skip

    return call


@pytest.fixture
def by_plugin(tmp_path: Path, database_url: str, capfdbinary: pytest.CaptureFixture[bytes]) -> Print:
    """Run the plugin without a database of its own; in the operator's pod there is one."""
    path = stand_in_for_exec(tmp_path, {"DATABASE_URL": database_url})

    def call(kubeconfig: Path, *arguments: str) -> Printed:
        return call_plugin(capfdbinary, kubeconfig, *arguments, "-n", "default", folder=tmp_path, PATH=path)

    return call


def hints(done: Printed) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stderr.decode().splitlines()


@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
async def test_each_way_prints_the_same_bytes(
    store: SQLRunStore,
    results: ResultsProcess,
    from_database: Print,
    by_plugin: Print,
    stranger: Path,
    database_url: str,
) -> None:
    await store_odd_rows(store)
    # exec is a process of its own, in which the database is read as without exec
    executed = PRINTED if database_url.startswith("sqlite") else PRINTED[::4]
    for arguments in PRINTED:
        expected = from_database(*arguments)
        through_api = by_plugin(results.cluster.kubeconfig, *arguments)
        assert hints(expected)[0] == "reading from DATABASE_URL"
        assert hints(through_api)[0] == "reading through the results API"
        assert_same(through_api, expected)
        assert len(expected.stdout) > 2
        if arguments in executed:
            by_exec = by_plugin(stranger, *arguments)
            kind = "scraperuns" if arguments[0] == "runs" else "scrapeitems"
            reason = f"you may not list {kind} in namespace default"
            assert hints(by_exec)[0] == f"reading by kubectl exec from the operator's pod: {reason}"
            assert_same(by_exec, expected)


def assert_same(done: Printed, expected: Printed) -> None:
    """Check that another way printed the same rows, and the same hints after its own."""
    assert done.stdout == expected.stdout, expected.args
    assert hints(done)[1:] == hints(expected)[1:]


async def test_processes_print_what_is_printed_in_this_one(
    store: SQLRunStore,
    results: ResultsProcess,
    from_database: Print,
    by_plugin: Print,
    stranger: Path,
    tmp_path: Path,
    database_url: str,
) -> None:
    await store_odd_rows(store)
    config, arguments = results.cluster.kubeconfig, ("items", "-n", "default")
    path = stand_in_for_exec(tmp_path, {"DATABASE_URL": database_url})
    database = run_plugin(config, *arguments, folder=tmp_path, DATABASE_URL=database_url)
    through_api = run_plugin(config, *arguments, folder=tmp_path)
    by_exec = run_plugin(stranger, *arguments, folder=tmp_path, PATH=path)
    for process, here in (
        (database, from_database("items")),
        (through_api, by_plugin(config, "items")),
        (by_exec, by_plugin(stranger, "items")),
    ):
        assert (process.returncode, process.stdout, process.stderr) == (here.returncode, here.stdout, here.stderr)


async def test_one_run_is_printed_with_its_targets(
    store: SQLRunStore, results: ResultsProcess, from_database: Print, by_plugin: Print
) -> None:
    await store_odd_rows(store)
    for run in json.loads(from_database("runs", "-o", "json").stdout):
        arguments = ("runs", "--id", run["id"], "-o", "json")
        done = by_plugin(results.cluster.kubeconfig, *arguments)
        assert hints(done) == ["reading through the results API"]
        assert done.stdout == from_database(*arguments).stdout
    nobody = ("runs", "--id", "0199b0c2-6f3e-7c4a-9d52-0f6e5a1b7c88", "-o", "json")
    done = by_plugin(results.cluster.kubeconfig, *nobody)
    way, line = done.stderr.decode().splitlines()
    assert way.endswith("pod: the results API has no run of this ID in namespace default")
    assert "no run has the ID" in line
    assert (done.returncode, done.stdout) == (1, b"[]\n")


async def test_more_rows_than_a_page_has_are_all_printed(
    store: SQLRunStore, results: ResultsProcess, from_database: Print, by_plugin: Print
) -> None:
    claim = claim_of()
    await store.claim(claim)
    await store.finish(result_of(claim, target_of([Item.of({"sku": str(number)}, ["sku"]) for number in range(1_201)])))
    for number in range(1, 503):
        await store.skip(skip_of(number))
    for verb, count in (("items", 1_201), ("runs", 503)):
        arguments = (verb, "quotes", "-o", "json", "--limit", "0")
        done = by_plugin(results.cluster.kubeconfig, *arguments)
        assert hints(done) == ["reading through the results API"]
        assert len(json.loads(done.stdout)) == count
        assert done.stdout == from_database(*arguments).stdout


async def test_what_the_api_does_not_serve_is_read_by_exec(
    store: SQLRunStore, results: ResultsProcess, from_database: Print, by_plugin: Print
) -> None:
    await store_odd_rows(store)
    arguments = ("changes", "quotes", "-o", "json")
    done = by_plugin(results.cluster.kubeconfig, *arguments)
    assert hints(done) == ["reading by kubectl exec from the operator's pod: the results API does not serve `changes`"]
    assert done.stdout == from_database(*arguments).stdout
    await store.mark_deleted(["uid-1"], claim_of(9).started_at)
    gone = ("runs", "quotes", "-o", "json")
    done = by_plugin(results.cluster.kubeconfig, *gone)
    assert "there is no ScrapeSchedule default/quotes" in hints(done)[0]
    assert done.stdout == from_database(*gone).stdout
    assert len(json.loads(done.stdout)) > 1


async def test_an_api_that_does_not_answer_or_is_not_there_is_passed_by(
    store: SQLRunStore, results: ResultsProcess, from_database: Print, by_plugin: Print
) -> None:
    await store_odd_rows(store)
    expected = from_database("runs", "quotes", "-o", "json").stdout

    def reason() -> str:
        done = by_plugin(results.cluster.kubeconfig, "runs", "quotes", "-o", "json")
        (hint,) = hints(done)
        assert done.stdout == expected
        return hint.partition("pod: ")[2]

    results.stop()
    assert reason() == "the results API does not answer"
    results.unregister()
    until("no results API", lambda: reason() == "the results API is not enabled", within=60)
