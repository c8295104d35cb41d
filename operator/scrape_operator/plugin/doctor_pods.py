"""Why a pod of the operator does not run as it should, as its status says it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrape_operator.core.runs.run import clip

Status = Mapping[str, Any]

MESSAGE_MAX_BYTES = 400

IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
CONFIGURATION_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
STARTING_REASONS = frozenset({"ContainerCreating", "PodInitializing"})

ROOM = "give the nodes room, or correct resources, nodeSelector, affinity or persistence in the chart's values"
MEMORY = "raise resources.limits.memory in the chart's values, or lower config.maxConcurrentRuns"
IMAGE = "correct image and imagePullSecrets in the chart's values"
CONFIGURATION = "create the Secret or ConfigMap that is named, or correct the chart's values"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a pod, and what to do. A trouble that is `past` does not keep the pod from serving now."""

    message: str
    remedy: str
    is_past: bool = False


def troubles_of(pod: Mapping[str, Any]) -> Sequence[Trouble]:
    """Return what is wrong with a pod; nothing if it runs, or if it has just been created and nothing is known."""
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        return [_failed(pod, status)]
    unscheduled = next((each for each in status.get("conditions") or () if _is_unscheduled(each)), None)
    if unscheduled is not None:
        text = f"cannot be scheduled: {unscheduled.get('reason')}: {unscheduled.get('message')}"
        return [Trouble(_clipped(text), ROOM)]
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found = [trouble for container in containers for trouble in _of_container(pod, container)]
    return found or ([] if status.get("phase") == "Running" else [_waiting(pod, status)])


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether the pod's own probe says that it serves."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def place_of(pod: Mapping[str, Any]) -> str:
    """Return namespace and name of a pod."""
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _is_unscheduled(condition: Status) -> bool:
    return condition.get("type") == "PodScheduled" and condition.get("status") == "False"


def _failed(pod: Mapping[str, Any], status: Status) -> Trouble:
    reasons = filter(None, (status.get("reason"), status.get("message")))
    return Trouble(_clipped(f"has failed: {': '.join(map(str, reasons)) or 'no reason is given'}"), _describe(pod))


def _waiting(pod: Mapping[str, Any], status: Status) -> Trouble:
    return Trouble(f"is {status.get('phase') or 'Pending'} and no container of it runs yet", _describe(pod))


def _of_container(pod: Mapping[str, Any], container: Status) -> Iterator[Trouble]:
    """Yield what is wrong with one container, at most one thing: the cause rather than what follows from it."""
    name = f"container {container.get('name')}"
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, text = str(waiting.get("reason") or ""), waiting.get("message") or ""
    ended = _end_of(container)
    restarts = int(container.get("restartCount") or 0)
    is_past = bool((container.get("state") or {}).get("running"))
    if ended.get("reason") == "OOMKilled":
        times = f"{restarts} restarts, last ended at {ended.get('finishedAt') or 'an unknown time'}"
        yield Trouble(f"{name} was killed for using more memory than its limit (OOMKilled): {times}", MEMORY, is_past)
    elif reason in IMAGE_REASONS:
        yield Trouble(_clipped(f"{name}: image {container.get('image')} cannot be pulled: {reason}: {text}"), IMAGE)
    elif reason in CONFIGURATION_REASONS:
        yield Trouble(_clipped(f"{name} cannot be created: {reason}: {text}"), CONFIGURATION)
    elif reason == "CrashLoopBackOff" or ended.get("exitCode"):
        code = f"exit code {ended.get('exitCode', 'unknown')} ({ended.get('reason') or 'no reason is given'})"
        yield Trouble(
            _clipped(f"{name} ended with {code}: {restarts} restarts{f', {reason}' if reason else ''}"),
            f"read why: kubectl logs -n {place_of(pod).replace('/', ' ')} -c {container.get('name')} --previous",
            is_past,
        )
    elif reason and reason not in STARTING_REASONS:
        yield Trouble(_clipped(f"{name} waits: {reason}: {text}"), _describe(pod))


def _end_of(container: Status) -> Status:
    """Return how a container ended: now, or before its last restart."""
    for state in (container.get("state"), container.get("lastState")):
        if terminated := (state or {}).get("terminated"):
            found: Status = terminated
            return found
    return {}


def _describe(pod: Mapping[str, Any]) -> str:
    return f"see its events: kubectl describe pod -n {place_of(pod).replace('/', ' ')}"


def _clipped(text: str) -> str:
    return clip(text, MESSAGE_MAX_BYTES)
