"""Whether an operator is alive, and what its own probes and metrics say, read through the API server."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.runs.run import clip
from scrape_operator.plugin.doctor_pods import Trouble, is_ready, place_of, troubles_of
from scrape_operator.plugin.findings import INSTALLING, PODS, Diagnosis, Level, page_of

LABEL = "app.kubernetes.io/name=scrape-operator"
DEFAULT_PORT = 8080
PODS_MAX = 100
SLOW_HOST_SECONDS = 1.0
"""A longer mean wait for the budget of a host is worth a look."""

MAX_METRICS_BYTES = 4 * 2**20
_SAMPLE = re.compile(r"scrape_operator_([a-z_]+)(?:\{(.*)\})? ([0-9.eE+-]+|NaN)$", re.MULTILINE)
_REASON = re.compile(r'reason="([^"]*)"')

Metrics = Mapping[str, Mapping[str, float]]
"""The values of each metric, by their labels."""


async def check_operator(client: ClusterClient, *, has_fresh_status: bool) -> Sequence[Diagnosis]:
    """Find the operator's pods, and ask the one that runs. `has_fresh_status` says that some operator writes."""
    try:
        listed = await client.request("GET", "/api/v1/pods", params={"labelSelector": LABEL, "limit": str(PODS_MAX)})
    except ClusterError as error:
        remedy = "ask for the right to list pods in all namespaces, to see the operator itself"
        return [Diagnosis("operator", Level.WARNING, f"cannot be looked for: {error}", remedy, INSTALLING)]
    pods = [pod for pod in listed.get("items") or () if not pod["metadata"].get("deletionTimestamp")]
    if not pods:
        return [_no_pod(has_fresh_status=has_fresh_status)]
    level = Level.WARNING if has_fresh_status or any(map(is_ready, pods)) else Level.ERROR
    findings: list[Diagnosis] = []
    for pod in pods:
        troubles = troubles_of(pod)
        findings += [_of_trouble(pod, trouble, level) for trouble in troubles]
        if all(trouble.is_past for trouble in troubles):
            findings += await _check_pod(client, pod)
    return findings


def _of_trouble(pod: Mapping[str, Any], trouble: Trouble, level: Level) -> Diagnosis:
    level = Level.WARNING if trouble.is_past else level
    return Diagnosis("operator", level, f"pod {place_of(pod)} {trouble.message}", trouble.remedy, PODS)


def _no_pod(*, has_fresh_status: bool) -> Diagnosis:
    message = f"there is no pod with the label {LABEL}"
    if has_fresh_status:
        return Diagnosis("operator", Level.WARNING, f"{message}, but statuses are written: one runs elsewhere")
    return Diagnosis("operator", Level.ERROR, message, "install the chart", INSTALLING)


async def _check_pod(client: ClusterClient, pod: Mapping[str, Any]) -> Sequence[Diagnosis]:
    name = f"pod {place_of(pod)}"
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}:{_port_of(pod)}/proxy"
    try:
        ready = await client.read_text(f"{path}/readyz")
        text = await client.read_text(f"{path}/metrics")
    except ClusterError as error:
        if error.status in {0, 401, 403, 404}:
            remedy = "ask for the right to get pods/proxy, to see its probes and metrics"
            return [Diagnosis("operator", Level.WARNING, f"{name} runs; it cannot be asked: {error}", remedy)]
        remedy = "see what is not ready: kubectl scrape logs"
        return [Diagnosis("operator", Level.ERROR, f"{name} is not ready: {error}", remedy, PODS)]
    return [
        Diagnosis("operator", Level.OK, f"{name} is ready: {clip(ready.strip(), 200)}"),
        *diagnose_metrics(metrics_of(text[:MAX_METRICS_BYTES])),
    ]


def _port_of(pod: Mapping[str, Any]) -> int:
    ports = (port for each in pod["spec"].get("containers") or () for port in each.get("ports") or ())
    return next((int(port["containerPort"]) for port in ports if port.get("containerPort")), DEFAULT_PORT)


def metrics_of(text: str) -> Metrics:
    """Return the operator's metrics in a text of the Prometheus format."""
    found: dict[str, dict[str, float]] = {}
    for name, labels, value in _SAMPLE.findall(text):
        found.setdefault(name, {})[labels] = float(value)
    return found


def diagnose_metrics(metrics: Metrics) -> list[Diagnosis]:
    """Return what the metrics of one operator say of its watch, the budgets of hosts, the breaker and webhooks."""
    return [_watch(metrics), _budgets(metrics), _breaker(metrics), *_left_over(metrics)]


def _watch(metrics: Metrics) -> Diagnosis:
    age = _one(metrics, "watch_last_list_age_seconds")
    if _one(metrics, "watch_problems"):
        remedy = "see which: kubectl scrape logs; /readyz of the pod names it, too"
        return Diagnosis("watch", Level.ERROR, "the watch or the API server has a problem", remedy, INSTALLING)
    return Diagnosis("watch", Level.OK, f"alive; objects were compared with the API server's list {age:.0f} s ago")


def _budgets(metrics: Metrics) -> Diagnosis:
    used_up = _one(metrics, "day_budgets_used_up")
    if used_up:
        remedy = "wait for the next UTC day, or raise the budget of the policy"
        message = f"{used_up:.0f} budgets of the day are used up"
        return Diagnosis("budgets", Level.WARNING, message, remedy, page_of("BudgetExhausted"))
    waits = _one(metrics, "host_wait_seconds_count")
    mean = _one(metrics, "host_wait_seconds_sum") / waits if waits else 0.0
    if mean > SLOW_HOST_SECONDS:
        remedy = "spread the schedules of a host, or raise SCRAPE_OPERATOR_HOST_MAX_CONCURRENT or the policy's budget"
        message = f"requests waited {mean:.1f} s on average for the budget of their host"
        return Diagnosis("budgets", Level.WARNING, message, remedy, "docs/policies.md")
    return Diagnosis("budgets", Level.OK, f"requests waited {mean:.2f} s on average for the budget of their host")


def _breaker(metrics: Metrics) -> Diagnosis:
    opened = {labels: value for labels, value in (metrics.get("host_breakers_opened_total") or {}).items() if value}
    if not opened:
        return Diagnosis("breaker", Level.OK, "no host was left alone since the operator's start")
    reasons = ", ".join(f"{_reason_of(labels)} {value:.0f} times" for labels, value in sorted(opened.items()))
    remedy = "find the schedules: kubectl get scs -A, column REASON"
    message = f"hosts were left alone for a while since the operator's start: {reasons}"
    return Diagnosis("breaker", Level.WARNING, message, remedy, page_of(_reason_of(next(iter(sorted(opened))))))


def _left_over(metrics: Metrics) -> list[Diagnosis]:
    dead = _one(metrics, "webhook_dead_letters")
    if not dead:
        return []
    remedy = "correct the address or the server of the webhook"
    return [Diagnosis("webhooks", Level.WARNING, f"{dead:.0f} messages were given up", remedy)]


def _reason_of(labels: str) -> str:
    found = _REASON.search(labels)
    return found[1] if found else "unknown"


def _one(metrics: Metrics, name: str) -> float:
    return sum((metrics.get(name) or {}).values())
