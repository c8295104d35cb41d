"""What is wrong with one schedule, as its spec and its status say it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.plugin.findings import (
    CLOCK_TOLERANCE,
    INSTALLING,
    NOTIFICATIONS,
    SILENCE,
    Diagnosis,
    Level,
    instant_of,
    page_of,
)


def diagnose_schedule(obj: Mapping[str, Any], now: datetime) -> list[Diagnosis]:
    """Return what is wrong with one schedule, as its status says it at `now`."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    title = f"schedule {metadata['name']}"
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    if status.get("observedGeneration", -1) < metadata.get("generation", 0):
        return [_unseen(title, metadata, now)]
    findings = [
        *_suspended(title, obj),
        *_stalled(title, conditions),
        *_not_ready(title, conditions),
        *_unhealthy(title, conditions),
        *_used_up(title, conditions),
        *_undelivered(title, conditions),
    ]
    return findings + _silent(title, status, now)


def _unseen(title: str, metadata: Mapping[str, Any], now: datetime) -> Diagnosis:
    age = now - (instant_of(metadata.get("creationTimestamp")) or now)
    message = f"no operator has read generation {metadata.get('generation')} ({age.total_seconds():.0f} s old)"
    remedy = "is the operator running, and does it watch this namespace? kubectl scrape logs"
    level = Level.ERROR if age > CLOCK_TOLERANCE else Level.WARNING
    return Diagnosis(title, level, message, remedy, INSTALLING)


def _stalled(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    stalled = conditions.get("Stalled")
    if not stalled or stalled.get("status") != "True":
        return []
    message = f"{stalled.get('reason')}: {stalled.get('message')}"
    remedy = "correct the spec: scrape-operator lint finds the same without a cluster"
    return [Diagnosis(title, Level.ERROR, message, remedy, page_of(stalled.get("reason")))]


def _not_ready(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    ready = conditions.get("Ready") or {}
    if ready.get("status") != "False" or (conditions.get("Stalled") or {}).get("status") == "True":
        return []
    name = title.removeprefix("schedule ")
    remedy = f"see which target fails and why: kubectl scrape runs {name} --failed"
    message = f"{ready.get('reason')}: {ready.get('message')}"
    return [Diagnosis(title, Level.ERROR, message, remedy, page_of(ready.get("reason")))]


def _unhealthy(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    data = conditions.get("DataHealthy") or {}
    if data.get("status") != "False":
        return []
    remedy = "try the selectors: kubectl scrape test " + title.removeprefix("schedule ")
    message = f"{data.get('reason')}: {data.get('message')}"
    return [Diagnosis(title, Level.WARNING, message, remedy, page_of(data.get("reason")))]


def _used_up(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    scheduled = conditions.get("Scheduled") or {}
    if scheduled.get("reason") != Reason.BUDGET_EXHAUSTED:
        return []
    message = f"{Reason.BUDGET_EXHAUSTED}: {scheduled.get('message')}"
    remedy = "wait for the next day (UTC), or let an administrator raise the limit of the policy"
    return [Diagnosis(title, Level.WARNING, message, remedy, page_of(Reason.BUDGET_EXHAUSTED))]


def _undelivered(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    webhooks = conditions.get("WebhooksHealthy") or {}
    if webhooks.get("status") != "False":
        return []
    name = title.removeprefix("schedule ")
    remedy = f"correct the receiver or the Secret, then: kubectl scrape redeliver {name}"
    message = f"{webhooks.get('reason')}: {webhooks.get('message')}"
    return [Diagnosis(title, Level.WARNING, message, remedy, NOTIFICATIONS)]


def _silent(title: str, status: Mapping[str, Any], now: datetime) -> list[Diagnosis]:
    """Return a finding where a due time has passed long ago, and nothing was written since."""
    due, written = instant_of(status.get("nextScheduleTime")), instant_of(status.get("statusTime"))
    if due is None or written is None or now - max(due, written) < SILENCE:
        return []
    message = f"was due at {status['nextScheduleTime']}, and its status is of {status['statusTime']}"
    return [Diagnosis(title, Level.ERROR, message, "is the operator running? kubectl scrape logs", INSTALLING)]


def _suspended(title: str, obj: Mapping[str, Any]) -> list[Diagnosis]:
    if not (obj.get("spec") or {}).get("suspend"):
        return []
    remedy = f"to run it by its times again: kubectl scrape resume {title.removeprefix('schedule ')}"
    return [Diagnosis(title, Level.WARNING, "is suspended: no due time is run", remedy, page_of("Suspended"))]


def last_runs(obj: Mapping[str, Any]) -> Diagnosis:
    """Return when a schedule ran, succeeded, and runs next, with the latest line of its history."""
    status = obj.get("status") or {}
    facts = {
        "last run": status.get("lastScheduleTime"),
        "last success": status.get("lastSuccessfulTime"),
        "next run": status.get("nextScheduleTime"),
    }
    latest = next(iter(status.get("history") or ()), None)
    text = "; ".join(f"{name} {at or 'none'}" for name, at in facts.items())
    return Diagnosis("last runs", Level.OK, text + (f"; latest: {latest}" if latest else ""))
