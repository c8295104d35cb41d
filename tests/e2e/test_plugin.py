"""The kubectl plugin against the real API server and a running operator."""

import json
import subprocess
from itertools import product
from pathlib import Path

import pytest

from tests.dev.controlplane.connection import Cluster
from tests.dev.site.site import DemoSite
from tests.e2e.plugin import PLUGIN, stand_in_for_exec
from tests.e2e.process import Operator, schedule, until
from tests.support.preloaded import program

pytestmark = pytest.mark.cluster


def scrape(operator: Operator, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = operator.environment() | {"KUBECONFIG": str(operator.cluster.kubeconfig), **environment}
    command = [program(PLUGIN), *arguments, "--namespace", operator.namespace]
    return subprocess.run(command, env=settings, cwd=operator.folder, capture_output=True, text=True, check=False)


@pytest.fixture
def paused(operator: Operator, site: DemoSite, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    operator.apply(schedule(name, f"{site.url}/api/prices", interval="720h", suspend=True))
    operator.await_status(name, "condition=Scheduled=False")
    return name


def test_a_run_is_waited_for_and_its_outcome_printed(operator: Operator, paused: str) -> None:
    done = scrape(operator, "run", paused, "--wait")
    assert done.returncode == 0, done.stderr
    assert " manual Succeeded items=" in done.stdout
    assert len(operator.ended(paused)) == 1


def test_a_failed_run_makes_the_exit_code_1(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("fails", f"{site.url}/nowhere", interval="720h", suspend=True))
    operator.await_status("fails", "condition=Scheduled=False")
    done = scrape(operator, "run", "fails", "--wait")
    assert done.returncode == 1
    assert " manual Failed reason=HTTPStatus " in done.stdout


def test_a_finished_run_is_printed_for_programs_as_runs_prints_it(
    operator: Operator, paused: str, tmp_path: Path
) -> None:
    for environment in ({"PATH": stand_in_for_exec(tmp_path)}, {"DATABASE_URL": f"sqlite:///{operator.database}"}):
        done = scrape(operator, "run", paused, "--wait", "-o", "json", **environment)
        assert done.returncode == 0, done.stderr
        [run] = json.loads(done.stdout)
        assert (run["name"], run["trigger"], run["status"]) == (paused, "manual", "SUCCEEDED")
        assert done.stdout == operator.command("runs", "--id", run["id"], "-o", "json")


def test_a_failed_run_is_printed_for_programs_with_its_exit_code(operator: Operator, site: DemoSite) -> None:
    operator.apply(schedule("fails-too", f"{site.url}/nowhere", interval="720h", suspend=True))
    operator.await_status("fails-too", "condition=Scheduled=False")
    database = f"sqlite:///{operator.database}"
    done = scrape(operator, "run", "fails-too", "--wait", "-o", "json", DATABASE_URL=database)
    assert done.returncode == 1
    assert [run["reason"] for run in json.loads(done.stdout)] == ["HTTPStatus"]


def test_a_requested_run_is_printed_for_programs(operator: Operator, paused: str) -> None:
    done = scrape(operator, "run", paused, "-o", "json")
    token = operator.get(paused)["metadata"]["annotations"]["scrape-operator.dev/requested-at"]
    assert json.loads(done.stdout) == {"namespace": operator.namespace, "name": paused, "requestedAt": token}


def test_suspend_and_resume_set_the_field(operator: Operator, paused: str) -> None:
    assert scrape(operator, "resume", paused).returncode == 0
    assert operator.get(paused)["spec"]["suspend"] is False
    done = scrape(operator, "suspend", paused, "-o", "json")
    assert json.loads(done.stdout) == {"namespace": operator.namespace, "name": paused, "suspend": True}
    assert operator.get(paused)["spec"]["suspend"] is True


def test_a_live_object_is_tried_without_a_run(operator: Operator, paused: str) -> None:
    done = scrape(operator, "test", paused, "--show", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{operator.namespace}/{paused}: SUCCEEDED" in done.stdout
    assert operator.runs(paused) == []


def test_rows_come_from_the_operators_pod(operator: Operator, paused: str, tmp_path: Path) -> None:
    assert scrape(operator, "run", paused, "--wait").returncode == 0
    path = stand_in_for_exec(tmp_path)
    done = scrape(operator, "runs", paused, "-o", "json", PATH=path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "reading by kubectl exec from the operator's pod: the results API is not enabled\n"
    assert [run["status"] for run in json.loads(done.stdout)] == ["SUCCEEDED"]
    assert done.stdout == operator.command("runs", paused, "--namespace", operator.namespace, "-o", "json")


def test_doctor_finds_nothing_wrong_and_names_what_is(operator: Operator, paused: str, site: DemoSite) -> None:
    fine = scrape(operator, "doctor", paused)
    assert fine.returncode == 0, fine.stdout + fine.stderr
    checks = {line.split(":")[0].split(maxsplit=1)[1] for line in fine.stdout.splitlines() if not line.startswith(" ")}
    assert checks >= {"API server", "clock", "CRD", "rights", "last runs", "operator", "database"}
    assert "clock: differs from the API server's by" in fine.stdout
    wrong = schedule("wrong", f"{site.url}/api/prices")
    wrong["spec"]["schedules"] = ["61 * * * *"]
    wrong["spec"].pop("interval", None)
    operator.apply(wrong)
    until("its refusal", lambda: (operator.get("wrong").get("status") or {}).get("observedGeneration") == 1)
    done = scrape(operator, "doctor", "-o", "json")
    assert done.returncode == 1
    [finding] = [each for each in json.loads(done.stdout) if each["check"] == "schedule wrong"]
    assert "InvalidSpec: spec.schedules[0]" in finding["message"]
    assert {each["level"] for each in json.loads(done.stdout) if each["check"] in {"API server", "CRD", "rights"}} == {
        "ok"
    }


def test_each_way_to_the_rows_gives_the_same_bytes(operator: Operator, paused: str, tmp_path: Path) -> None:
    assert scrape(operator, "run", paused, "--wait").returncode == 0
    path = stand_in_for_exec(tmp_path)
    for verb in ("runs", "items", "changes"):
        by_exec = scrape(operator, verb, paused, "-o", "json", PATH=path)
        by_database = scrape(operator, verb, paused, "-o", "json", DATABASE_URL=f"sqlite:///{operator.database}")
        assert (by_exec.returncode, by_database.returncode) == (0, 0), by_exec.stderr + by_database.stderr
        assert by_exec.stdout == by_database.stdout
        assert len(json.loads(by_exec.stdout)) > 0
        assert "by kubectl exec" in by_exec.stderr
        assert "DATABASE_URL" in by_database.stderr


@pytest.mark.parametrize("verb", ["run", "suspend", "resume", "test"])
def test_what_is_not_there_is_said_in_one_line_that_suggests_a_name(operator: Operator, paused: str, verb: str) -> None:
    done = scrape(operator, verb, f"{paused[:-1]}x")
    assert done.returncode == 1
    place = f"{operator.namespace}/{paused[:-1]}x"
    assert done.stderr == f"kubectl scrape: there is no ScrapeSchedule {place}: did you mean {paused}?\n"


def test_a_name_of_another_namespace_is_said_to_be_there(
    operator: Operator, paused: str, control_plane: Cluster
) -> None:
    settings = operator.environment() | {"KUBECONFIG": str(control_plane.kubeconfig)}
    command = [program(PLUGIN), "run", paused, "--namespace", "default"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(f"namespaces that have it: {operator.namespace} (option -n)\n")


def test_rows_of_a_name_that_is_not_there_are_said_to_be_none(operator: Operator, paused: str, tmp_path: Path) -> None:
    assert scrape(operator, "run", paused, "--wait").returncode == 0
    ways = ({"PATH": stand_in_for_exec(tmp_path)}, {"DATABASE_URL": f"sqlite:///{operator.database}"})
    for verb, environment in product(("items", "replay"), ways):
        done = scrape(operator, verb, f"{paused[:-1]}x", **environment)
        assert done.returncode == 1, done.stderr
        way, line = done.stderr.splitlines()
        assert way.startswith("reading ")
        place = f"{operator.namespace}/{paused[:-1]}x"
        assert line.endswith(f": no ScrapeSchedule {place} in the database: did you mean {paused}?")
