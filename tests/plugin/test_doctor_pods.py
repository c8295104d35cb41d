"""What the status of the operator's pod says is wrong, with a remedy for each."""

from typing import Any

import pytest

from scrape_operator.plugin.doctor_pods import is_ready, troubles_of
from tests.support.pod_statuses import (
    BACK_OFF,
    PAST,
    READY,
    RUNNING,
    SAMPLES,
    Sample,
    container,
    ended,
    pending,
    running,
    waiting,
)


def pod(status: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"namespace": "operators", "name": "pod-1"}, "status": status}


@pytest.mark.parametrize("sample", [*SAMPLES, *PAST], ids=lambda sample: sample.name)
def test_a_status_with_a_trouble_is_said_with_its_remedy(sample: Sample) -> None:
    [trouble] = troubles_of(pod(sample.status))
    assert sample.message in trouble.message
    assert sample.remedy in trouble.remedy
    assert trouble.is_past == (sample in PAST)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(running(container(RUNNING), is_ready=True), id="ready"),
        pytest.param(running(container(RUNNING), is_ready=False), id="its probe says what is not ready"),
        pytest.param(
            {
                **running(container(RUNNING), is_ready=True),
                "initContainerStatuses": [
                    container(ended("Completed", 0), ended("Error", 3), restarts=1, name="migrate")
                ],
            },
            id="migrated at the second try",
        ),
    ],
)
def test_a_pod_that_runs_has_no_trouble(status: dict[str, Any]) -> None:
    assert troubles_of(pod(status)) == []


def test_a_database_that_cannot_be_migrated_is_said_of_the_container_that_failed() -> None:
    migrate = container(BACK_OFF, ended("Error", 3), restarts=4, name="migrate")
    status = {**pending(container(waiting("PodInitializing"))), "initContainerStatuses": [migrate]}
    [trouble] = troubles_of(pod(status))
    assert trouble.message.startswith("container migrate ended with exit code 3 (Error): 4 restarts")
    assert trouble.remedy == "read why: kubectl logs -n operators pod-1 -c migrate --previous"


def test_a_long_message_is_cut() -> None:
    [trouble] = troubles_of(pod(pending(container(waiting("ImagePullBackOff", "x" * 5000)))))
    assert len(trouble.message) < 500


def test_a_pod_without_a_status_has_just_been_created() -> None:
    [trouble] = troubles_of(pod({}))
    assert trouble.message == "is Pending and no container of it runs yet"


def test_ready_is_a_condition() -> None:
    assert is_ready(pod({"conditions": [READY]}))
    assert not is_ready(pod({"phase": "Running"}))
