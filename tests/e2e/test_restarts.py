"""The process is killed, or told to end, in the middle of its work: what its rows and statuses say afterwards."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from scrape_operator.running.leases import RENEWALS_PER_LEASE
from scrape_operator.settings import Settings
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import instant, slot_faults

pytestmark = pytest.mark.cluster

SLEPT = {"fields": [{"name": "slept", "jmespath": "slept", "type": "Number"}]}
SECOND = timedelta(seconds=1)
SLOW = 10
NAMES = [f"s{number}" for number in range(30)]


def test_a_kill_costs_no_slot_doubles_none_and_leaves_nothing_running(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator(SCRAPE_OPERATOR_RUN_LEASE_SECONDS="3")
    operator.apply(*every_second(site), schedule("by-hand", f"{site.url}/shop", interval="720h", suspend=True))
    operator.request_run("by-hand", "once")
    until("runs in full swing", lambda: operator.ended("by-hand") and len(going_on(operator)) >= SLOW // 2)
    operator.kill()
    killed = going_on(operator)
    assert killed
    begun = datetime.now(UTC)
    operator.start()
    ready = datetime.now(UTC)
    until("everybody's next runs", lambda: all(len(runs) > 2 for runs in since(operator, begun).values()), within=60)
    until("no orphan", lambda: not {row["id"] for row in killed} & {row["id"] for row in going_on(operator)})
    assert max(min(runs) for runs in since(operator, begun).values()) < ready + timedelta(seconds=5)
    orphaned = operator.rows("SELECT * FROM scrape_runs WHERE reason = 'Orphaned'")
    assert {row["id"] for row in orphaned} == {row["id"] for row in killed}
    assert {row["status"] for row in orphaned} == {"FAILED"}
    assert [run["slot"] for run in operator.runs("by-hand")] == ["manual:once"]
    assert operator.terminate() == 0
    rows = operator.rows("SELECT * FROM scrape_runs")
    assert slot_faults(rows, SECOND) == []
    assert asked(site) - ran(rows) == Counter()


def every_second(site: DemoSite) -> Sequence[dict[str, Any]]:
    """Return schedules whose requests tell name and due time; some last so long that a kill finds them running."""
    objects = []
    for number, name in enumerate(NAMES):
        path = "slow?seconds=0.8&" if number < SLOW else "api/prices?perPage=1&"
        url = f"{site.url}/{path}of={name}&at={{scheduledFor}}"
        objects.append(schedule(name, url, extract=SLEPT if number < SLOW else None, interval="1s"))
        objects[-1]["spec"]["targets"][0]["retry"] = {"attempts": 1}
    return objects


def going_on(operator: Operator) -> Sequence[dict[str, Any]]:
    return operator.rows("SELECT * FROM scrape_runs WHERE status = 'RUNNING'")


def since(operator: Operator, begun: datetime) -> Mapping[str, list[datetime]]:
    """Return when the runs of each schedule were claimed that were claimed since then."""
    found: dict[str, list[datetime]] = {name: [] for name in NAMES}
    for run in operator.rows("SELECT name, started_at FROM scrape_runs WHERE started_at NOT NULL"):
        if instant(run["started_at"]) > begun:
            found[run["name"]].append(instant(run["started_at"]))
    return found


def asked(site: DemoSite) -> Counter[tuple[str, str]]:
    """Count the requests by schedule and due time, in whole seconds."""
    queries = [parse_qs(request.query) for request in site.seen if "at=" in request.query]
    return Counter((query["of"][0], query["at"][0]) for query in queries)


def ran(rows: Sequence[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Count the runs in the same way."""
    runs = [row for row in rows if row["started_at"]]
    return Counter((run["name"], f"{instant(run['scheduled_for']):%Y-%m-%dT%H:%M:%SZ}") for run in runs)


def test_an_orphan_is_ended_within_half_a_minute_by_default() -> None:
    lease = Settings().run_lease_seconds
    assert lease + lease / RENEWALS_PER_LEASE < 30


def test_told_to_end_it_lets_runs_end_within_the_grace(start_operator: Callable[..., Operator], site: DemoSite) -> None:
    operator = start_operator()
    operator.apply(schedule("slow", f"{site.url}/slow?seconds=3", extract=SLEPT, interval="720h"))
    operator.await_status("slow", "condition=Ready")
    operator.request_run("slow", "again")
    until("it is told as active", lambda: operator.status("slow").get("active"))
    assert operator.terminate() == 0
    assert [(run["trigger"], run["status"]) for run in operator.runs("slow")] == [
        ("scheduled", "SUCCEEDED"),
        ("manual", "SUCCEEDED"),
    ]
    status = operator.get("slow")["status"]
    assert status["active"] == []
    assert [line.split()[1:3] for line in status["history"]] == [["manual", "Succeeded"], ["scheduled", "Succeeded"]]
    assert "stopped" in operator.log().splitlines()[-1]


def test_told_to_end_it_cancels_what_the_grace_does_not_suffice_for(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator(SCRAPE_OPERATOR_SHUTDOWN_GRACE_SECONDS="1")
    operator.apply(schedule("hung", f"{site.url}/hang", interval="720h"))
    until("it is told as active", lambda: operator.status("hung").get("active"))
    assert operator.terminate() == 0
    [run] = operator.runs("hung")
    assert (run["status"], run["reason"]) == ("CANCELED", "Shutdown")
    status = operator.get("hung")["status"]
    assert status["active"] == []
    assert "Canceled reason=Shutdown" in status["history"][0]
