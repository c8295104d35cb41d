"""Objects of the API as rows: what `objects` makes of a row becomes the same row again.

A client that prints rows prints the same, wherever it reads them. Each function raises KeyError, TypeError or
ValueError for an object of another version of this program.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from scrape_operator.core.reading import ItemRow, RunRow, TargetRunRow
from scrape_operator.results.names import parse_run_name, status_of

MICRO_TIME_LENGTH = len("2026-11-24T10:00:00.000000Z")

Object = Mapping[str, Any]


def run_row(obj: Object) -> RunRow:
    """Return the row of a run."""
    metadata, spec, status = obj["metadata"], obj["spec"], obj["status"]
    items = status["items"]
    return RunRow(
        id=UUID(metadata["uid"]),
        schedule_uid=spec["scheduleUid"],
        namespace=metadata["namespace"],
        name=spec["schedule"],
        generation=spec["scheduleGeneration"],
        trigger=spec["trigger"],
        slot=spec["slot"],
        scheduled_for=_time(spec["scheduledFor"]),
        status=status_of(status["phase"]),
        reason=status.get("reason"),
        message=status.get("message"),
        started_at=_optional_time(status, "startTime"),
        completed_at=_optional_time(status, "completionTime"),
        items_scraped=items["scraped"],
        items_total=items["total"],
        items_new=items["new"],
        items_changed=items["changed"],
        items_gone=items["gone"],
        requests=status["requests"],
        bytes=status["bytes"],
        missed=spec["missed"],
        owner=status["owner"],
        policy=status.get("policy"),
        robots=status.get("robots"),
    )


def target_rows(obj: Object) -> Sequence[TargetRunRow]:
    """Return the rows of a run's targets, which the object lists by their place in the spec."""
    run_id = UUID(obj["metadata"]["uid"])
    return [_target_row(run_id, *target) for target in enumerate(obj["status"].get("targets", ()))]


def item_row(obj: Object) -> ItemRow:
    """Return the row of an item."""
    spec, status = obj["spec"], obj["status"]
    return ItemRow(
        schedule_uid=spec["scheduleUid"],
        namespace=obj["metadata"]["namespace"],
        name=spec["schedule"],
        target=spec["target"],
        key=spec["key"],
        data=obj["data"],
        content_hash=status["contentHash"],
        first_seen_at=_time(status["firstSeenTime"]),
        last_seen_at=_time(status["lastSeenTime"]),
        changed_at=_time(status["changeTime"]),
        gone_at=_optional_time(status, "goneTime"),
        run_id=_run_id(status["run"]),
    )


def _target_row(run_id: UUID, position: int, target: Object) -> TargetRunRow:
    return TargetRunRow(
        run_id=run_id,
        target=target["name"],
        position=position,
        status=status_of(target["phase"]),
        reason=target["reason"],
        message=target.get("message", ""),
        http_status=target.get("httpStatus"),
        duration=target["durationSeconds"],
        requests=target["requests"],
        bytes=target["bytes"],
        pages=target["pages"],
        items=target["items"],
        warnings=target.get("warnings", []),
        phases=target.get("phases", {}),
        breach=target.get("breach"),
        since=_optional_time(target, "since"),
    )


def _time(text: str) -> datetime:
    if len(text) != MICRO_TIME_LENGTH:
        raise ValueError(f"{text!r} is no MicroTime")
    return datetime.fromisoformat(text)


def _optional_time(values: Object, name: str) -> datetime | None:
    return _time(values[name]) if name in values else None


def _run_id(name: str) -> UUID:
    parsed = parse_run_name(name)
    if parsed is None:
        raise ValueError(f"{name!r} is no name of a run")
    return parsed[1]
