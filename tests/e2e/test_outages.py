"""The API server and PostgreSQL go away for a while, and come back: runs go on, nothing is lost or doubled."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.controlplane.postgres import Postgres
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import slot_faults

pytestmark = pytest.mark.cluster

RUNS = "SELECT * FROM scrape_runs"


def test_runs_go_on_without_the_api_server_and_statuses_catch_up(
    start_operator: Callable[..., Operator], breakable_control_plane: ControlPlane, site: DemoSite
) -> None:
    operator = start_operator(SCRAPE_OPERATOR_RECONCILE_SECONDS="2")
    operator.apply(*(schedule(f"s{n}", f"{site.url}/api/products?perPage=5", interval="1s") for n in range(5)))
    until("runs", lambda: len(operator.rows(RUNS)) > 10)
    breakable_control_plane.stop_apiserver()
    before = len(operator.rows(RUNS))
    until("runs during the outage", lambda: len(operator.rows(RUNS)) > before + 25)
    breakable_control_plane.start_apiserver()
    back = datetime.now(UTC)
    breakable_control_plane.compact_etcd()
    operator.kubectl("delete", "scs", "s0")
    until("a status written since", lambda: status_time(operator, "s1") > back, within=60)
    until("the deleted schedule to stop", lambda: quiet(operator, "s0"), within=90)
    assert operator.is_running()
    assert slot_faults(operator.rows(f"{RUNS} WHERE name <> 's0'"), timedelta(seconds=1), back) == []


def status_time(operator: Operator, name: str) -> datetime:
    return datetime.fromisoformat(operator.get(name).get("status", {}).get("statusTime", "2000-01-01T00:00:00Z"))


def quiet(operator: Operator, name: str) -> bool:
    last = operator.rows("SELECT max(scheduled_for) AS last FROM scrape_runs WHERE name = ?", name)[0]["last"]
    return datetime.fromisoformat(last).replace(tzinfo=UTC) < datetime.now(UTC) - timedelta(seconds=4)


def test_a_crd_that_is_deleted_and_created_again_is_found_within_seconds(
    start_operator: Callable[..., Operator], breakable_control_plane: ControlPlane, site: DemoSite
) -> None:
    operator = start_operator()
    url = f"{site.url}/api/prices"
    operator.apply(schedule("before", url, interval="1s"))
    until("runs", lambda: operator.ended("before"))
    breakable_control_plane.kubectl("delete", "crd", "scrapeschedules.scrape-operator.dev")
    until("unreadiness", lambda: operator.probe("/readyz")[0] == 503)
    assert "scrapeschedules.scrape-operator.dev is not served" in operator.probe("/readyz")[1]
    assert operator.metric("scrape_operator_watch_problems") > 0
    assert operator.probe("/healthz")[0] == 200
    until("the end of its runs", lambda: operator.metric("scrape_operator_schedules") == 0)
    breakable_control_plane.install_crds()
    operator.apply(schedule("after", url, interval="1s"))
    until("runs", lambda: operator.ended("after"))
    until("readiness", operator.is_ready)
    operator.apply(schedule("later", url, interval="1s"))
    until("the watch brings what is new", lambda: operator.ended("later"))


def test_an_api_server_that_is_away_is_known(
    start_operator: Callable[..., Operator], breakable_control_plane: ControlPlane
) -> None:
    operator = start_operator()
    breakable_control_plane.stop_apiserver()
    until("unreadiness", lambda: operator.probe("/readyz")[0] == 503, within=60)
    assert "API server: no answer for" in operator.probe("/readyz")[1]
    assert operator.metric("scrape_operator_api_server_last_answer_age_seconds") > 25
    assert operator.probe("/healthz")[0] == 200
    breakable_control_plane.start_apiserver()
    until("readiness", operator.is_ready)


def test_postgresql_may_go_away_and_come_back(
    start_operator: Callable[..., Operator], postgres: Postgres, postgres_url: str, site: DemoSite
) -> None:
    operator = start_operator(ready=False, DATABASE_URL=postgres_url)
    until("the refusal of an empty database", lambda: not operator.is_running())
    assert "scrape-operator migrate" in operator.log()
    operator.command("migrate")
    operator.start()
    operator.apply(*(schedule(f"s{n}", f"{site.url}/api/products?perPage=5", interval="1s") for n in range(5)))
    database = postgres_url.rpartition("/")[2]
    until("runs", lambda: len(postgres.rows(RUNS, database)) > 10)
    postgres.stop()
    until("unreadiness", lambda: operator.probe("/readyz")[0] == 503)
    assert operator.probe("/healthz")[0] == 200
    postgres.start()
    until("readiness", operator.is_ready)
    back = datetime.now(UTC)
    until("runs since", lambda: [r for r in postgres.rows(RUNS, database) if r["scheduled_for"] > back.isoformat()])
    operator.kubectl("delete", "scs", "--all")
    assert operator.terminate() == 0
    found = postgres.rows(RUNS, database)
    assert slot_faults(found, timedelta(seconds=1), back) == []
    # A run of a second that a busy machine keeps longer times out.
    statuses = {row["status"] for row in found if row["reason"] != "Timeout"}
    assert statuses <= {"SUCCEEDED", "SKIPPED", "CANCELED"}
    # The second reason stands alone where runs of all schedules waited for their ends to be stored.
    assert {"StoreUnavailable", "SkippedOverlap"} & {row["reason"] for row in found}
