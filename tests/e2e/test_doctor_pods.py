"""`kubectl scrape doctor` and pods of the chart on the real API server; no kubelet runs, so their statuses are set."""

import json
import socket
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.e2e.plugin import PLUGIN
from tests.e2e.process import Operator
from tests.support.pod_statuses import PAST, RUNNING, SAMPLES, Sample, container, running
from tests.support.preloaded import program

pytestmark = pytest.mark.cluster


def outer_address() -> str:
    """Return an address of this machine that is not loopback: the API server connects to no other pod."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address: str = probe.getsockname()[0]
        return address


class Pods:
    """Pods from the chart's template, in the namespace of an operator that runs as a process."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        deployment = json.loads(operator.kubectl("get", "deployment", "scrape-operator", "-o", "json"))
        self._template = deployment["spec"]["template"]

    def create(self, name: str, status: Mapping[str, Any]) -> None:
        """Create a pod whose port is the operator's, and set its status as a kubelet does."""
        spec = json.loads(json.dumps(self._template["spec"]))
        spec["containers"][0]["ports"] = [{"name": "http", "containerPort": self._operator.port}]
        metadata = {"name": name, "labels": self._template["metadata"]["labels"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        self._operator.kubectl("create", "-f", "-", input=json.dumps(pod))
        patch = json.dumps({"status": status})
        self._operator.kubectl("patch", "pod", name, "--subresource=status", "--type=merge", f"--patch={patch}")

    def delete(self, name: str) -> None:
        """Delete a pod at once: no kubelet would end it."""
        self._operator.kubectl("delete", "pod", name, "--grace-period=0", "--force")

    def doctor(self, name: str) -> list[dict[str, Any]]:
        """Return what doctor finds about a pod."""
        found = self.doctor_all()
        return [each for each in found if f"pod {self._operator.namespace}/{name} " in each["message"]]

    def doctor_all(self) -> list[dict[str, Any]]:
        settings = self._operator.environment() | {"KUBECONFIG": str(self._operator.cluster.kubeconfig)}
        command = [program(PLUGIN), "doctor", "-o", "json", "--namespace", self._operator.namespace]
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture
def operator_that_pods_reach(start_operator: Callable[..., Operator]) -> Operator:
    return start_operator(SCRAPE_OPERATOR_LISTEN_HOST="0.0.0.0")


@pytest.fixture
def pods(operator_that_pods_reach: Operator) -> Pods:
    return Pods(operator_that_pods_reach)


def test_doctor_says_what_is_wrong_with_a_pod_and_what_to_do(pods: Pods) -> None:
    for sample in SAMPLES:
        pods.create(sample.name, sample.status)
    found = pods.doctor_all()
    for sample in SAMPLES:
        check(sample, found)


def check(sample: Sample, found: list[dict[str, Any]]) -> None:
    [finding] = [each for each in found if f"/{sample.name} " in each["message"]]
    assert finding["check"] == "operator"
    assert finding["level"] == sample.level
    assert sample.message in finding["message"]
    assert sample.remedy in finding["remedy"]
    assert finding["manual"].startswith("docs/")


def test_a_pod_that_runs_is_asked_through_the_api_server(pods: Pods) -> None:
    pods.create("serves", running(container(RUNNING), is_ready=True) | addressed())
    found = {each["check"]: each for each in pods.doctor_all() if each["level"] == "ok"}
    assert "/serves is ready: " in found["operator"]["message"]
    assert {"watch", "budgets", "breaker"} <= found.keys()


def test_a_pod_that_serves_again_is_asked_and_its_past_is_a_warning(pods: Pods) -> None:
    for sample in PAST:
        pods.create(sample.name, sample.status | addressed())
        past, present = pods.doctor(sample.name)
        check(sample, [past])
        assert (present["level"], " is ready: " in present["message"]) == ("ok", True)
        pods.delete(sample.name)


def addressed() -> dict[str, Any]:
    address = outer_address()
    return {"podIP": address, "podIPs": [{"ip": address}]}
