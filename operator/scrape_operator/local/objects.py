"""Schedules from files, completed with the metadata that an API server would add."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.planning.policies import Policies, policies_of
from scrape_operator.planning.schedule import compile_schedule, validate
from scrape_operator.settings import Settings

DEFAULT_NAMESPACE = "default"
UNKNOWN_POLICIES = policies_of(())


def plans_of(objects: Sequence[Mapping[str, Any]], settings: Settings) -> Iterator[SchedulePlan]:
    """Yield the plans of the schedules among some objects, under the policies among them."""
    default_interval = timedelta(minutes=settings.interval_minutes)
    policies = policies_of(objects, settings.allow_cidrs)
    for obj in objects:
        if kind_of(obj) is SCRAPE_SCHEDULE:
            yield plan_of(with_metadata(obj), default_interval, policies)


def plan_of(obj: Mapping[str, Any], default_interval: timedelta, policies: Policies = UNKNOWN_POLICIES) -> SchedulePlan:
    """Return the plan of an object with complete metadata; a refused object has a plan with findings."""
    plan = compile_schedule(obj, default_interval, policies)
    if plan.findings:
        return plan
    findings = validate(obj, policies=policies)
    return plan if not findings else SchedulePlan(plan.key, plan.generation, plan.created_at, findings=findings)


def with_metadata(obj: Mapping[str, Any], generation: int = 1) -> dict[str, Any]:
    """Return the object with namespace, name, generation and UID. The UID depends on namespace and name alone."""
    given = obj.get("metadata")
    metadata: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    metadata["namespace"] = metadata.get("namespace") or DEFAULT_NAMESPACE
    metadata["name"] = metadata.get("name") or metadata.get("generateName") or "unnamed"
    metadata["generation"] = metadata.get("generation") or generation
    metadata["uid"] = metadata.get("uid") or str(uuid5(NAMESPACE_URL, f"{metadata['namespace']}/{metadata['name']}"))
    return {**obj, "metadata": metadata}
