"""Statuses of the operator's pod as kubelets and schedulers write them, and what `doctor` is to say of each."""

from dataclasses import dataclass
from typing import Any

IMAGE = "registry.example/scrape-operator:9.9.9"
READY = {"type": "Ready", "status": "True"}
NOT_READY = {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}
RUNNING = {"running": {"startedAt": "2026-11-29T10:00:00Z"}}


@dataclass(frozen=True, slots=True)
class Sample:
    """A status, the level of the finding where no other operator serves, and parts of its message and its remedy."""

    name: str
    status: dict[str, Any]
    level: str
    message: str
    remedy: str


def ended(reason: str, code: int) -> dict[str, Any]:
    times = {"startedAt": "2026-11-29T10:00:00Z", "finishedAt": "2026-11-29T10:05:00Z"}
    return {"terminated": {"reason": reason, "exitCode": code, **times}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def container(
    state: dict[str, Any], last: dict[str, Any] | None = None, *, restarts: int = 0, name: str = "operator"
) -> dict[str, Any]:
    return {
        "name": name,
        "image": IMAGE,
        "imageID": "",
        "ready": "running" in state,
        "restartCount": restarts,
        "state": state,
        "lastState": last or {},
    }


def running(*containers: dict[str, Any], is_ready: bool) -> dict[str, Any]:
    conditions = [READY if is_ready else NOT_READY]
    return {"phase": "Running", "conditions": conditions, "containerStatuses": list(containers)}


def pending(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"phase": "Pending", "conditions": [NOT_READY], "containerStatuses": list(containers)}


BACK_OFF = waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container")
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient memory.",
}

SAMPLES = (
    Sample(
        "crash-loop",
        running(container(BACK_OFF, ended("Error", 2), restarts=7), is_ready=False),
        "error",
        "container operator ended with exit code 2 (Error): 7 restarts, CrashLoopBackOff",
        "-c operator --previous",
    ),
    Sample(
        "out-of-memory",
        running(container(BACK_OFF, ended("OOMKilled", 137), restarts=3), is_ready=False),
        "error",
        "(OOMKilled): 3 restarts, last ended at 2026-11-29T10:05:00Z",
        "raise resources.limits.memory",
    ),
    Sample(
        "out-of-memory-just-now",
        running(container(ended("OOMKilled", 137)), is_ready=False),
        "error",
        "(OOMKilled): 0 restarts, last ended at 2026-11-29T10:05:00Z",
        "raise resources.limits.memory",
    ),
    Sample(
        "unschedulable",
        {"phase": "Pending", "conditions": [UNSCHEDULABLE]},
        "error",
        "cannot be scheduled: Unschedulable: 0/3 nodes are available: 3 Insufficient memory.",
        "give the nodes room",
    ),
    Sample(
        "no-image",
        pending(container(waiting("ImagePullBackOff", "manifest unknown"))),
        "error",
        f"container operator: image {IMAGE} cannot be pulled: ImagePullBackOff: manifest unknown",
        "correct image and imagePullSecrets",
    ),
    Sample(
        "no-secret",
        pending(container(waiting("CreateContainerConfigError", 'secret "db" not found'))),
        "error",
        'container operator cannot be created: CreateContainerConfigError: secret "db" not found',
        "create the Secret",
    ),
    Sample(
        "evicted",
        {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."},
        "error",
        "has failed: Evicted: The node was low on resource: memory.",
        "kubectl describe pod",
    ),
    Sample(
        "starting",
        pending(container(waiting("ContainerCreating"))),
        "error",
        "is Pending and no container of it runs yet",
        "kubectl describe pod",
    ),
)
"""Statuses of pods that do not serve."""

PAST = (
    Sample(
        "killed-before",
        running(container(RUNNING, ended("OOMKilled", 137), restarts=2), is_ready=True),
        "warning",
        "(OOMKilled): 2 restarts, last ended at 2026-11-29T10:05:00Z",
        "raise resources.limits.memory",
    ),
    Sample(
        "restarted-before",
        running(container(RUNNING, ended("Error", 1), restarts=1), is_ready=True),
        "warning",
        "container operator ended with exit code 1 (Error): 1 restarts",
        "-c operator --previous",
    ),
)
"""Statuses of pods that serve again."""
