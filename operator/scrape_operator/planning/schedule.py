"""Compiles an object to a plan, under the policies that apply to it. The controller and the CLI both come here."""

import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.api.kinds.schedule import ScrapeScheduleSpec
from scrape_operator.api.validation import check_kind, parse, parse_as
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.core.schedule.instants import in_utc
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from scrape_operator.core.shared import shared
from scrape_operator.planning.ceilings import check_policy
from scrape_operator.planning.plans import RunPlan
from scrape_operator.planning.policies import NO_POLICIES, Policies, find_policy
from scrape_operator.planning.requests import compile_webhook
from scrape_operator.planning.targets import compile_run_plan
from scrape_operator.planning.timing import check_timing, compile_timing, compile_windows, schedule_text

logger = logging.getLogger(__name__)

_REVISIONS = itertools.count(1)

DEFAULT_INTERVAL = timedelta(minutes=5)
"""The interval of a schedule that names none, unless the operator's settings say otherwise."""


def validate(
    obj: Mapping[str, Any], default_interval: timedelta = DEFAULT_INTERVAL, policies: Policies = NO_POLICIES
) -> tuple[Finding, ...]:
    """Return everything that is wrong with an object of this product, as the controller would."""
    kind = kind_of(obj)
    if kind is None:
        return check_kind(obj)
    if kind is not SCRAPE_SCHEDULE:
        return parse_as(kind.model, obj)[1]
    return _check(obj, default_interval, policies).findings


def compile_schedule(
    obj: Mapping[str, Any], default_interval: timedelta, policies: Policies = NO_POLICIES
) -> SchedulePlan:
    """Compile an object under the policies of its cluster. Compile it again when either changes.

    A refused object gives a stalled plan. So does a defect of scrape-operator: it must not reach other objects.
    """
    key, generation, created_at = identify(obj)
    empty = SchedulePlan(key, generation, created_at, revision=next(_REVISIONS))
    try:
        return _compile(obj, empty, default_interval, policies)
    except Exception:
        logger.exception("schedule %s could not be compiled by a defect of scrape-operator", key)
        message = "could not be read by a defect of scrape-operator: please report it with its log"
        return replace(empty, findings=(Finding("spec", message, Reason.INTERNAL_ERROR),))


def _compile(
    obj: Mapping[str, Any], empty: SchedulePlan, default_interval: timedelta, policies: Policies
) -> SchedulePlan:
    checked = _check(obj, default_interval, policies)
    spec = checked.spec
    if spec is None:
        return replace(empty, findings=checked.findings)
    if checked.findings:
        return replace(empty, schedule_text=schedule_text(spec), findings=checked.findings, policy=checked.policy)
    plan = _with_timing(empty, spec, default_interval)
    run_plan = checked.run_plan
    if run_plan is None:
        return replace(plan, policy=checked.policy)
    day_limits = run_plan.policy.day_limits
    return replace(plan, work=run_plan, policy=checked.policy, day_limits=day_limits, has_secrets=run_plan.has_secrets)


def identify(obj: Mapping[str, Any]) -> tuple[ObjectKey, int, datetime]:
    """Return the identity of an object: key, generation and time of creation, as the API server wrote them."""
    metadata = obj["metadata"]
    key = ObjectKey(str(metadata["uid"]), str(metadata["namespace"]), str(metadata["name"]))
    created = metadata.get("creationTimestamp")
    created_at = datetime.fromisoformat(created) if created else datetime.fromtimestamp(0, UTC)
    return key, int(metadata.get("generation", 0)), created_at


@dataclass(frozen=True, slots=True)
class _Checked:
    """What became of an object. `run_plan` is None where there are findings, `spec` where it can't even be parsed."""

    spec: ScrapeScheduleSpec | None
    findings: tuple[Finding, ...]
    run_plan: RunPlan | None = None
    policy: str | None = None


def _check(obj: Mapping[str, Any], default_interval: timedelta, policies: Policies) -> _Checked:
    schedule, findings = parse(obj)
    if schedule is None or findings:
        return _Checked(None if schedule is None else schedule.spec, findings)
    spec, metadata = schedule.spec, schedule.metadata
    policy = find_policy(policies, metadata.namespace or "", spec.policy_ref.name if spec.policy_ref else None)
    if isinstance(policy, Finding):
        return _Checked(spec, (policy,))
    findings = tuple(check_timing(spec, metadata.uid or ""))
    run_plan, broken = compile_run_plan(spec, policy)
    paths = {finding.path for finding in findings}
    findings = (*findings, *(finding for finding in broken if finding.path not in paths))
    if not findings and run_plan is not None:
        timing = compile_timing(spec, metadata.uid or "", default_interval)
        findings = check_policy(spec, policy, run_plan, timing)
    return _Checked(spec, findings, None if findings else run_plan, policy.name)


def _stored_spec(spec: ScrapeScheduleSpec, default_interval: timedelta) -> StoredSpec:
    return StoredSpec(
        None if spec.interval or spec.schedules else default_interval,
        spec.data_policy,
        spec.history_max_age,
        tuple(compile_webhook(notify) for notify in spec.notify),
    )


def _with_timing(empty: SchedulePlan, spec: ScrapeScheduleSpec, default_interval: timedelta) -> SchedulePlan:
    timing = compile_timing(spec, empty.key.uid, default_interval)
    return replace(
        empty,
        schedule_text=timing.text,
        due_times=timing.due_times,
        first_run_at_once=timing.first_run_at_once,
        offset=timing.offset,
        start_time=None if spec.start_time is None else in_utc(spec.start_time),
        end_time=None if spec.end_time is None else in_utc(spec.end_time),
        windows=compile_windows(spec),
        suspend=spec.suspend,
        starting_deadline=shared(timedelta(seconds=spec.starting_deadline_seconds)),
        missed_run_policy=spec.missed_run_policy,
        concurrency_policy=spec.concurrency_policy,
        timeout=shared(timing.timeout),
        suspend_after_failures=spec.suspend_after_failures,
        target_names=shared(tuple(target.name for target in spec.targets)),
        successful_limit=spec.successful_runs_history_limit,
        failed_limit=spec.failed_runs_history_limit,
        stored_spec=shared(_stored_spec(spec, default_interval)),
    )
