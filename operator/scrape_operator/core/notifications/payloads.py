"""The payloads of messages, in the structure that Standard Webhooks recommends: type, timestamp, data."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scrape_operator.core.notifications.changes import ItemChange, ListedChanges, change_record, merge_changes
from scrape_operator.core.notifications.events import RunEnd
from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.items import Change
from scrape_operator.core.runs.run import TargetHealth
from scrape_operator.core.times import rfc3339

MAX_TARGETS = 10
"""Targets that a message about a failure names."""

COUNTED = ("new", "changed", "gone")


def payload_of(event: NotifyEvent, webhook: str, end: RunEnd, changes: ListedChanges) -> str:
    """Return the payload of an event as JSON text. The bytes of the text are what is signed."""
    data: dict[str, Any] = {
        "namespace": end.key.namespace,
        "schedule": end.key.name,
        "uid": end.key.uid,
        "webhook": webhook,
        "run": _run(end),
    }
    match event:
        case NotifyEvent.RUN_FAILED:
            data["targets"] = _targets(end.failed)
        case NotifyEvent.DATA_UNHEALTHY:
            data["targets"] = _targets(end.breached)
        case NotifyEvent.ITEMS_CHANGED:
            data |= _changed_items(end, changes)
        case NotifyEvent.RUN_RECOVERED | NotifyEvent.DATA_RECOVERED:
            pass
    return _text({"type": event.value, "timestamp": _time(end.completed_at), "data": data})


def merge_payloads(earlier: str, later: str) -> str:
    """Return the payload of one ItemsChanged message in place of two: the later run, and the net changes of both."""
    before, after = json.loads(earlier), json.loads(later)
    first, last = before["data"], after["data"]
    merged = merge_changes(_listed(first), _listed(last))
    items = {name: first["items"][name] + last["items"][name] for name in COUNTED}
    data = {
        **last,
        "runs": first["runs"] + last["runs"],
        "firstRun": first["firstRun"],
        "items": {"total": last["items"]["total"], **items},
        "changes": [change_record(change) for change in merged.changes],
        "changesOmitted": merged.omitted,
    }
    return _text({**after, "data": data})


def _run(end: RunEnd) -> dict[str, Any]:
    return {
        "id": str(end.run_id),
        "trigger": end.trigger.value,
        "generation": end.generation,
        "scheduledFor": _time(end.scheduled_for),
        "startedAt": None if end.started_at is None else _time(end.started_at),
        "completedAt": _time(end.completed_at),
        "status": end.status.value,
        "reason": end.reason.value,
        "message": end.message,
    }


def _targets(targets: Sequence[TargetHealth]) -> list[dict[str, str]]:
    return [
        {
            "name": target.name,
            "status": target.status.value,
            "reason": target.reason.value,
            "message": target.breach or target.message,
        }
        for target in targets[:MAX_TARGETS]
    ]


def _changed_items(end: RunEnd, changes: ListedChanges) -> dict[str, Any]:
    counts = end.counts
    return {
        "runs": 1,
        "firstRun": {"id": str(end.run_id), "scheduledFor": _time(end.scheduled_for)},
        "items": {"total": counts.total, "new": counts.new, "changed": counts.changed, "gone": counts.gone},
        "changes": [change_record(change) for change in changes.changes],
        "changesOmitted": changes.omitted,
    }


def _listed(data: Mapping[str, Any]) -> ListedChanges:
    changes = [
        ItemChange(one["target"], one["key"], Change(one["change"]), one["before"], one["after"])
        for one in data["changes"]
    ]
    return ListedChanges(changes, data["changesOmitted"])


def _time(at: datetime) -> str:
    return rfc3339(at, "milliseconds")


def _text(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
