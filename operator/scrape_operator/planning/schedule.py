"""From an object to a plan: the controller's own validation. `watching` and `lint` both come through here."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.api.kinds.schedule import ScrapeSchedule, ScrapeScheduleSpec
from scrape_operator.api.support import unsupported
from scrape_operator.api.validation import check_kind, parse, parse_as
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.core.schedule.instants import in_utc
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.planning.plans import RunPlan
from scrape_operator.planning.targets import compile_run_plan
from scrape_operator.planning.timing import check_timing, compile_timing, compile_windows, schedule_text

logger = logging.getLogger(__name__)


def validate(obj: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return everything that is wrong with an object of a supported kind, as the controller would."""
    kind = kind_of(obj)
    if kind is None or not kind.is_supported:
        return check_kind(obj)
    if kind is not SCRAPE_SCHEDULE:
        return parse_as(kind.model, obj)[1]
    _schedule, _work, findings = _check(obj)
    return findings


def compile_schedule(obj: Mapping[str, Any], default_interval: timedelta) -> SchedulePlan:
    """Make the plan of an object. One that is refused gives a stalled plan, and so does a defect of ours."""
    key, generation, created_at = identify(obj)
    try:
        return _compile(obj, key, generation, created_at, default_interval)
    except Exception:
        logger.exception("schedule %s could not be compiled by a defect of scrape-operator", key)
        finding = Finding("spec", "could not be read by a defect of scrape-operator: please report it with its log")
        return SchedulePlan(key, generation, created_at, findings=(finding,))


def _compile(
    obj: Mapping[str, Any], key: ObjectKey, generation: int, created_at: datetime, default_interval: timedelta
) -> SchedulePlan:
    schedule, work, findings = _check(obj)
    if schedule is None or findings:
        return SchedulePlan(key, generation, created_at, schedule_text=_text_of(schedule), findings=findings)
    return _plan(key, generation, created_at, schedule.spec, work, default_interval)


def identify(obj: Mapping[str, Any]) -> tuple[ObjectKey, int, datetime]:
    """Read who an object is, from metadata that the API server itself wrote."""
    metadata = obj["metadata"]
    key = ObjectKey(str(metadata["uid"]), str(metadata["namespace"]), str(metadata["name"]))
    created = metadata.get("creationTimestamp")
    created_at = datetime.fromisoformat(created) if created else datetime.fromtimestamp(0, UTC)
    return key, int(metadata.get("generation", 0)), created_at


def _check(obj: Mapping[str, Any]) -> tuple[ScrapeSchedule | None, RunPlan | None, tuple[Finding, ...]]:
    schedule, findings = parse(obj)
    if schedule is None or findings:
        return schedule, None, findings
    findings = (*unsupported(schedule.spec), *check_timing(schedule.spec, schedule.metadata.uid or ""))
    work, broken = compile_run_plan(schedule.spec)
    told = {finding.path for finding in findings}
    return schedule, work, (*findings, *(finding for finding in broken if finding.path not in told))


def _text_of(schedule: ScrapeSchedule | None) -> str:
    return "" if schedule is None else schedule_text(schedule.spec)


def _plan(
    key: ObjectKey,
    generation: int,
    created_at: datetime,
    spec: ScrapeScheduleSpec,
    work: RunPlan | None,
    default_interval: timedelta,
) -> SchedulePlan:
    timing = compile_timing(spec, key.uid, default_interval)
    return SchedulePlan(
        key,
        generation,
        created_at,
        schedule_text=timing.text,
        due_times=timing.due_times,
        first_run_at_once=timing.first_run_at_once,
        offset=timing.offset,
        start_time=None if spec.start_time is None else in_utc(spec.start_time),
        end_time=None if spec.end_time is None else in_utc(spec.end_time),
        windows=compile_windows(spec),
        suspend=spec.suspend,
        starting_deadline=timedelta(seconds=spec.starting_deadline_seconds),
        missed_run_policy=spec.missed_run_policy,
        concurrency_policy=spec.concurrency_policy,
        timeout=timing.timeout,
        suspend_after_failures=spec.suspend_after_failures,
        target_names=tuple(target.name for target in spec.targets),
        successful_limit=spec.successful_runs_history_limit,
        failed_limit=spec.failed_runs_history_limit,
        stored_spec=StoredSpec(
            None if spec.interval or spec.schedules else default_interval, spec.data_policy, spec.history_max_age
        ),
        work=work,
    )
