"""Prints for `next` when the schedules in files are due, and the outcome of each due time."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scrape_operator.cli.manifests import Documents, UnreadableFile, are_empty, describe, name_of, read_documents
from scrape_operator.core.durations import format_duration
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.due_times import YEARS_AHEAD
from scrape_operator.core.schedule.immediate import immediate_run_at
from scrape_operator.core.schedule.instants import in_utc
from scrape_operator.core.schedule.pauses import Pause
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.schedule.upcoming import UpcomingDueTime, next_run, upcoming_due_times
from scrape_operator.core.times import rfc3339
from scrape_operator.local.files import files_in
from scrape_operator.local.objects import absence
from scrape_operator.planning.policies import Policies, policies_of
from scrape_operator.planning.schedule import compile_schedule, validate

KIND = "ScrapeSchedule"

_HASHED = re.compile(r"(^|[ ,;])H")


@dataclass(frozen=True, slots=True)
class Forecast:
    """The coming due times of one schedule.

    `has_uid` is false where the object was never applied: a UID is only made up then, and so are the
    offset and the values of `H`. `first_run_at` is when the run at once begins, if the object never ran.
    `next_due_run` is the first due time that is run, also where it is not among `due_times`.
    """

    plan: SchedulePlan
    due_times: Sequence[UpcomingDueTime]
    has_uid: bool
    first_run_at: datetime | None
    next_due_run: datetime | None

    @property
    def next_run(self) -> datetime | None:
        """When the schedule runs next: at once, or at a due time."""
        return min(filter(None, (self.first_run_at, self.next_due_run)), default=None)


def forecast_files(
    files: Sequence[Path], since: datetime, count: int, uid: str, default_interval: timedelta
) -> tuple[list[Forecast], list[str]]:
    """Return the forecast of every ScrapeSchedule in the files, and one line for each fault in them."""
    forecasts: list[Forecast] = []
    wrong: list[str] = []
    documents: dict[Path, Documents] = {}
    for file in files_in(files):
        try:
            documents[file] = read_documents(file)
        except UnreadableFile as error:
            wrong.append(f"{file}: {error}")
    read = [(file, obj) for file, found in documents.items() for obj in found.objects]
    policies = policies_of(obj for _file, obj in read)
    for file, obj in read:
        if obj.get("kind") == KIND:
            findings = validate(obj, default_interval, policies)
            forecast = None if findings else _forecast(obj, since, count, uid, default_interval, policies)
            if forecast is not None:
                findings = forecast.plan.findings  # `H` takes its values from the UID, which `validate` may not have
            wrong.extend(f"{file}: {name_of(obj)}: {describe(finding)}" for finding in findings)
            if forecast is not None and not findings:
                forecasts.append(forecast)
    if not forecasts and not wrong:
        wrong.append(absence(files, is_empty=are_empty(documents.values())))
    return forecasts, wrong


def _forecast(
    obj: Mapping[str, Any], since: datetime, count: int, uid: str, default_interval: timedelta, policies: Policies
) -> Forecast:
    metadata = dict(obj["metadata"])
    name, namespace = metadata.get("name") or metadata.get("generateName", ""), metadata.get("namespace") or "default"
    known = uid or metadata.get("uid") or ""
    generation = metadata.get("generation") or 1
    metadata |= {"name": name, "namespace": namespace, "uid": known or f"{namespace}/{name}", "generation": generation}
    plan = compile_schedule({**obj, "metadata": metadata}, default_interval, policies)
    status = _mapping(obj.get("status"))
    state = _failures_in(status)
    first = None if "lastScheduleTime" in status else immediate_run_at(plan, state, since)
    due_times = list(upcoming_due_times(plan, state, since, count))
    return Forecast(plan, due_times, bool(known), first, next_run(plan, state, since))


def _failures_in(status: Mapping[str, Any]) -> ScheduleState:
    """Return the failures in a row that a status shows, of the generation that they suspended, if any."""
    failures = _mapping(status.get("counters")).get("consecutiveFailures")
    rows = status.get("conditions")
    conditions = [_mapping(row) for row in rows] if isinstance(rows, list) else []
    suspended = [
        row.get("observedGeneration") for row in conditions if row.get("reason") == Pause.SUSPENDED_BY_FAILURES
    ]
    return ScheduleState(
        consecutive_failures=_number(failures), slot_generation=max(map(_number, suspended), default=0)
    )


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a part of a status, which nobody has validated, or an empty mapping where it is malformed."""
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def as_json(forecasts: Sequence[Forecast]) -> str:
    """Write forecasts as JSON: a list of {schedule, offsetSeconds, nextRun, times: [{due, local, outcome}]}."""
    shown = [
        {
            "schedule": str(forecast.plan.key),
            "offsetSeconds": forecast.plan.offset // timedelta(seconds=1),
            "nextRun": forecast.next_run and rfc3339(forecast.next_run, "shortest"),
            "times": [
                {
                    "due": rfc3339(coming.due, "shortest"),
                    "local": brief(coming.due.astimezone(forecast.plan.windows.zone)),
                    "outcome": str(coming.outcome),
                }
                for coming in forecast.due_times
            ],
        }
        for forecast in forecasts
    ]
    return json.dumps(shown, indent=2)


def as_text(forecasts: Sequence[Forecast]) -> Iterator[str]:
    """Write forecasts for people, line by line."""
    for forecast in forecasts:
        plan, zone = forecast.plan, forecast.plan.windows.zone
        offset = f", {format_duration(plan.offset)} after the full {plan.schedule_text}" if plan.offset else ""
        yield f"{plan.key}: {plan.schedule_text} in {zone.key}{offset}"
        if forecast.first_run_at is not None:
            earliest = rfc3339(forecast.first_run_at, "shortest")
            yield f"  first run at once, as soon as it is applied and not before {earliest}"
        for coming in forecast.due_times:
            due = rfc3339(coming.due, "shortest")
            yield f"  {due:<24}  {brief(coming.due.astimezone(zone)):<29}  {coming.outcome}"
        if not forecast.due_times:
            yield "  no due time"
        elif forecast.next_due_run is None and forecast.due_times[-1].outcome == Reason.SKIPPED_WINDOW:
            yield f"  no run: no due time of the next {YEARS_AHEAD} years is inside spec.windows"
        elif forecast.next_due_run is not None and forecast.next_due_run > forecast.due_times[-1].due:
            yield f"  {rfc3339(forecast.next_due_run, 'shortest'):<24}  the next run"
        if not forecast.has_uid and (plan.offset or _HASHED.search(plan.schedule_text)):
            yield "  an example: the offset and H depend on the UID that the API server gives (--uid names it)"


def brief(instant: datetime) -> str:
    """Write an instant as RFC 3339, with milliseconds only where there are some."""
    return instant.isoformat(timespec="milliseconds" if instant.microsecond else "seconds")


def parse_since(text: str | None) -> datetime:
    """Read `--from`; without it, now.

    Raises:
        InvalidValue: it is no RFC 3339 time.

    """
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidValue(f"--from {text[:64]!r} is no time with an offset: write it as 2026-03-29T00:00:00Z")
    return in_utc(instant)
