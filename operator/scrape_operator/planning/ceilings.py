"""Checks a schedule against the policies that apply to it. What exceeds them is refused, naming number and policy."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from scrape_operator.api.kinds.schedule import ScrapeScheduleSpec
from scrape_operator.core.durations import format_duration
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.net.access import OAuth2Auth
from scrape_operator.core.net.urls import authority_of, parse_http_url
from scrape_operator.core.runs.placeholders import is_template
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.cron import shortest_gap
from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan
from scrape_operator.planning.policies import EffectivePolicy
from scrape_operator.planning.timing import Timing


def check_policy(
    spec: ScrapeScheduleSpec, policy: EffectivePolicy, plan: RunPlan, timing: Timing
) -> tuple[Finding, ...]:
    """Return what a schedule asks for beyond its policies."""
    return (
        *_check_interval(policy, timing),
        *_check_targets(spec, policy),
        *_check_hosts(policy, plan),
    )


def _check_interval(policy: EffectivePolicy, timing: Timing) -> Iterator[Finding]:
    """Check the time between runs. Cron counts in wall time and without startTime, endTime and windows."""
    ceiling, interval = policy.min_interval, timing.interval
    if ceiling is None:
        return
    shortest = shortest_gap(timing.expressions, ceiling.value) if interval is None else interval
    if shortest is not None and shortest < ceiling.value:
        path = "spec.schedules" if interval is None else "spec.interval"
        asked, allowed = format_duration(shortest), format_duration(ceiling.value)
        yield _denied(path, f"{asked} between two runs is less than {allowed}, the minInterval of {ceiling.policy}")


def _check_targets(spec: ScrapeScheduleSpec, policy: EffectivePolicy) -> Iterator[Finding]:
    targets, body, pages = policy.max_targets, policy.max_body_bytes, policy.max_pages
    if targets is not None and len(spec.targets) > targets.value:
        message = f"{len(spec.targets)} targets are more than {targets.value}, the maxTargets of {targets.policy}"
        yield _denied("spec.targets", message)
    for index, target in enumerate(spec.targets):
        path, http, paginate = f"spec.targets[{index}]", target.http, target.paginate
        if body and http and "max_body_bytes" in http.model_fields_set and http.max_body_bytes > body.value:
            message = f"{http.max_body_bytes} bytes are more than {body.value}, the maxBodyBytes of {body.policy}"
            yield _denied(f"{path}.http.maxBodyBytes", message)
        if pages and paginate and "max_pages" in paginate.model_fields_set and paginate.max_pages > pages.value:
            message = f"{paginate.max_pages} pages are more than {pages.value}, the maxPages of {pages.policy}"
            yield _denied(f"{path}.paginate.maxPages", message)


def _check_hosts(policy: EffectivePolicy, plan: RunPlan) -> Iterator[Finding]:
    for host in known_hosts(plan):
        if not policy.fetch.allows_host(host.authority):
            message = f"host {host.authority} is not allowed by network.allowHosts and denyHosts of the policy"
            yield _denied(host.path, message)


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host (`host` or `host:port`) that every run requests, and the field that names it."""

    path: str
    authority: str


def known_hosts(plan: RunPlan) -> Iterator[KnownHost]:
    """Yield the hosts that every run requests. Hosts that depend on the due time are left out."""
    for index, target in enumerate(plan.targets):
        path = f"spec.targets[{index}]"
        if isinstance(target, HTTPTargetPlan):
            auth = target.request.access.auth
            yield from _host_of(f"{path}.http.url", target.request.request.url)
            if isinstance(auth, OAuth2Auth):
                yield from _host_of(f"{path}.http.auth.oauth2.tokenURL", auth.token_url)
        else:
            yield from (KnownHost(f"{path}.platform", host) for host in target.platform.budgets(target.config))


def _host_of(path: str, url: str) -> Iterator[KnownHost]:
    if is_template(url.split("/", 3)[2]):
        return
    with suppress(InvalidValue):  # the rest of an address with placeholders is checked when they are filled in
        yield KnownHost(path, authority_of(parse_http_url(url.partition("{")[0])))


def _denied(path: str, message: str) -> Finding:
    return Finding(path, message, Reason.POLICY_DENIED)
