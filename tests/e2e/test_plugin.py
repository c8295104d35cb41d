"""The kubectl plugin against the real API server and a running operator."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until

pytestmark = pytest.mark.cluster

COMMAND = Path(sys.executable).with_name("scrape-operator")
PLUGIN = COMMAND.with_name("kubectl-scrape")


def scrape(operator: Operator, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = operator.environment() | {"KUBECONFIG": str(operator.cluster.kubeconfig), **environment}
    command = [str(PLUGIN), *arguments, "--namespace", operator.namespace]
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


def test_suspend_and_resume_set_the_field(operator: Operator, paused: str) -> None:
    assert scrape(operator, "resume", paused).returncode == 0
    assert operator.get(paused)["spec"]["suspend"] is False
    assert scrape(operator, "suspend", paused).returncode == 0
    assert operator.get(paused)["spec"]["suspend"] is True


def test_a_live_object_is_tried_without_a_run(operator: Operator, paused: str) -> None:
    done = scrape(operator, "test", paused, "--show", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{operator.namespace}/{paused}: SUCCEEDED" in done.stdout
    assert operator.runs(paused) == []


def test_rows_come_from_the_operators_pod(operator: Operator, paused: str, tmp_path: Path) -> None:
    """No kubelet runs here: a `kubectl` in front of the real one runs the command that exec would run in the pod."""
    assert scrape(operator, "run", paused, "--wait").returncode == 0
    stand_in = tmp_path / "kubectl"
    stand_in.write_text(
        f"#!{sys.executable}\n"
        "import subprocess, sys\n"
        "if 'exec' in sys.argv:\n"
        f"    sys.exit(subprocess.call([{str(COMMAND)!r}, *sys.argv[sys.argv.index('--') + 2:]]))\n"
        "print('operators pod-1')\n"
    )
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = scrape(operator, "runs", paused, "-o", "json", PATH=path)
    assert done.returncode == 0, done.stderr
    assert "by kubectl exec" in done.stderr
    assert [run["status"] for run in json.loads(done.stdout)] == ["SUCCEEDED"]
    assert done.stdout == operator.command("runs", paused, "--namespace", operator.namespace, "-o", "json")


def test_doctor_finds_nothing_wrong_and_names_what_is(operator: Operator, paused: str, site: DemoSite) -> None:
    fine = scrape(operator, "doctor", paused)
    assert fine.returncode == 0, fine.stdout + fine.stderr
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


def test_what_is_not_there_is_said_in_one_line(operator: Operator) -> None:
    done = scrape(operator, "run", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("kubectl scrape: there is no ScrapeSchedule")
    assert done.stderr.count("\n") == 1
