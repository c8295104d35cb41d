"""Rows as objects of the API. `kinds` describes their form; a test compares the two.

They are built as plain dictionaries: a list has hundreds of them, and a validated model costs ten times as much.
`rows` reads rows from them again, so nothing of a row may be lost.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from scrape_operator.core.reading import RunRow, TargetRunRow
from scrape_operator.core.results import DeletedRun, StoredItem, VersionedRun
from scrape_operator.core.times import rfc3339
from scrape_operator.results.names import name_of_item, name_of_run, phase_of, run_name
from scrape_operator.results.resources import API_VERSION, ITEMS, RUNS

Object = dict[str, Any]
Labels = dict[str, str]

LABEL_MAX_LENGTH = 63
"""Kubernetes refuses longer label values: such a name has no label, and is found by a field selector."""


def run_object(versioned: VersionedRun) -> Object:
    """Return a run as an object."""
    run = versioned.run
    spec = {
        "schedule": run.name,
        "scheduleUid": run.schedule_uid,
        "scheduleGeneration": run.generation,
        "trigger": run.trigger,
        "slot": run.slot,
        "scheduledFor": micro_time(run.scheduled_for),
        "missed": run.missed,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": RUNS.kind,
        "metadata": run_metadata(versioned),
        "spec": spec,
        "status": _run_status(versioned),
    }


def run_metadata(versioned: VersionedRun) -> Object:
    """Return the metadata of a run."""
    run = versioned.run
    return {
        "name": name_of_run(run),
        "namespace": run.namespace,
        "uid": str(run.id),
        "resourceVersion": str(versioned.revision),
        "creationTimestamp": began_at(run),
        "labels": _run_labels(run, versioned.only_target),
    }


def began_at(run: RunRow) -> datetime:
    """Return when a run began, or when it was skipped."""
    return run.started_at or run.completed_at or run.scheduled_for


def deleted_run_object(run: DeletedRun) -> Object:
    """Return what is known of a run whose row is gone."""
    metadata = {
        "name": run_name(run.name, run.id),
        "namespace": run.namespace,
        "uid": str(run.id),
        "resourceVersion": str(run.revision),
        "labels": _run_labels(run, None),
    }
    return {"apiVersion": API_VERSION, "kind": RUNS.kind, "metadata": metadata}


def item_object(stored: StoredItem) -> Object:
    """Return an item as an object."""
    item = stored.item
    spec = {"schedule": item.name, "scheduleUid": item.schedule_uid, "target": item.target, "key": item.key}
    status = {
        "phase": item_phase(stored),
        "firstSeenTime": micro_time(item.first_seen_at),
        "lastSeenTime": micro_time(item.last_seen_at),
        "changeTime": micro_time(item.changed_at),
        "goneTime": micro_time(item.gone_at),
        "run": run_name(item.name, item.run_id),
        "contentHash": item.content_hash,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": ITEMS.kind,
        "metadata": item_metadata(stored),
        "spec": spec,
        "data": item.data,
        "status": _known(status),
    }


def item_metadata(stored: StoredItem) -> Object:
    """Return the metadata of an item. It has no resourceVersion: items cannot be watched."""
    item = stored.item
    return {
        "name": name_of_item(stored),
        "namespace": item.namespace,
        "uid": str(uuid5(NAMESPACE_OID, f"{item.schedule_uid}/{stored.id}")),
        "creationTimestamp": item.first_seen_at,
        "labels": _labels({"status": item_phase(stored)}, item.name, item.target),
    }


def item_phase(stored: StoredItem) -> str:
    """Return whether an item is present."""
    return "Present" if stored.item.gone_at is None else "Gone"


def micro_time(at: datetime | None) -> str | None:
    """Return a time as a MicroTime of Kubernetes: RFC 3339 with six digits below the second, even if they are 0."""
    return None if at is None else rfc3339(at, "microseconds")


def partial(metadata: Mapping[str, Any]) -> Object:
    """Return an object that has metadata alone."""
    return {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata}


def _run_labels(run: RunRow | DeletedRun, only_target: str | None) -> Labels:
    return _labels({"status": phase_of(run.status), "trigger": run.trigger}, run.name, only_target)


def _labels(labels: Labels, schedule: str, target: str | None) -> Labels:
    """Add the labels that have names as values, where these are not too long."""
    if len(schedule) <= LABEL_MAX_LENGTH:
        labels["schedule"] = schedule
    if target is not None and len(target) <= LABEL_MAX_LENGTH:
        labels["target"] = target
    return labels


def _run_status(versioned: VersionedRun) -> Object:
    run = versioned.run
    items = {
        "scraped": run.items_scraped,
        "total": run.items_total,
        "new": run.items_new,
        "changed": run.items_changed,
        "gone": run.items_gone,
    }
    status = {
        "phase": phase_of(run.status),
        "reason": run.reason,
        "message": run.message,
        "startTime": micro_time(run.started_at),
        "completionTime": micro_time(run.completed_at),
        "durationSeconds": run.duration,
        "items": items,
        "requests": run.requests,
        "bytes": run.bytes,
        "owner": run.owner,
        "policy": run.policy,
        "robots": run.robots,
        "targets": [_target_status(target) for target in versioned.targets] or None,
    }
    return _known(status)


def _target_status(target: TargetRunRow) -> Object:
    return _known(
        {
            "name": target.target,
            "phase": phase_of(target.status),
            "reason": target.reason,
            "message": target.message or None,
            "httpStatus": target.http_status,
            "durationSeconds": target.duration,
            "requests": target.requests,
            "bytes": target.bytes,
            "pages": target.pages,
            "items": target.items,
            "warnings": target.warnings or None,
            "phases": target.phases or None,
            "breach": target.breach,
            "since": micro_time(target.since),
        }
    )


def _known(values: Object) -> Object:
    return {name: value for name, value in values.items() if value is not None}
