"""Rows as lines of a table: what `kubectl get` prints. Cells hold finished text."""

from collections.abc import Sequence
from datetime import datetime

from scrape_operator.core.json_text import dump_json
from scrape_operator.core.results import StoredItem, VersionedRun
from scrape_operator.results.ages import age_of, run_duration
from scrape_operator.results.objects import Object
from scrape_operator.results.resources import Column, Resource

DATA_MAX_LENGTH = 80


def columns_of(resource: Resource) -> Sequence[Object]:
    """Return the definitions of the columns of a table."""
    return [_definition(column) for column in resource.columns]


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": int(column.is_wide),
    }


def run_cells(versioned: VersionedRun, metadata: Object, now: datetime) -> Sequence[object]:
    """Return the cells of a run."""
    run = versioned.run
    has_ended = run.completed_at is not None and run.started_at is not None
    seconds = run.duration if has_ended else None
    if seconds is None and run.started_at is not None:
        seconds = max((now - run.started_at).total_seconds(), 0.0)
    targets = f"{versioned.good_targets}/{versioned.target_count}" if versioned.target_count else ""
    return [
        metadata["name"],
        run.name,
        metadata["labels"]["status"],
        run.reason or "",
        run.items_scraped if has_ended else None,
        run.items_new + run.items_changed + run.items_gone if has_ended else None,
        "" if seconds is None else run_duration(seconds),
        age_of(metadata["creationTimestamp"], now),
        run.message or "",
        targets,
        run.requests if has_ended else None,
        run.bytes if has_ended else None,
    ]


def item_cells(stored: StoredItem, metadata: Object, now: datetime) -> Sequence[object]:
    """Return the cells of an item."""
    item = stored.item
    data = dump_json(item.data).decode()
    return [
        metadata["name"],
        item.name,
        item.target,
        metadata["labels"]["status"],
        age_of(item.gone_at or item.changed_at, now),
        age_of(item.first_seen_at, now),
        item.key,
        data if len(data) <= DATA_MAX_LENGTH else data[: DATA_MAX_LENGTH - 1] + "…",
    ]


def table(metadata: Object, columns: Sequence[Object] | None) -> Object:
    """Return a table without its rows. In a watch only the first one has columns."""
    head: Object = {"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": metadata}
    return {**head, "columnDefinitions": columns}
