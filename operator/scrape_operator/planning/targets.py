"""From a spec's targets to the work of a run. Called by `compiling`."""

from collections.abc import Sequence

from scrape_operator.api.kinds.extract import Extract
from scrape_operator.api.kinds.http import HTTP
from scrape_operator.api.kinds.schedule import ScrapeScheduleSpec
from scrape_operator.api.kinds.target import Platform as PlatformSpec
from scrape_operator.api.kinds.target import Target
from scrape_operator.core.findings import Finding
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.expectations import Expectations, OnBreach
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.schedule.time_zones import parse_time_zone
from scrape_operator.extraction.compiling import compile_extract
from scrape_operator.planning.plans import HTTPTargetPlan, PlatformTargetPlan, RunPlan, TargetPlan
from scrape_operator.platforms.registry import installed_platforms


def compile_run_plan(spec: ScrapeScheduleSpec) -> tuple[RunPlan | None, tuple[Finding, ...]]:
    """Compile every target; the work is None exactly where something is wrong, and all of that is told at once."""
    targets: list[TargetPlan] = []
    findings: list[Finding] = []
    for index, target in enumerate(spec.targets):
        work, wrong = _compile_target(target, f"spec.targets[{index}]")
        findings.extend(wrong)
        if work is not None:
            targets.append(work)
    if findings:
        return None, tuple(findings)
    zone = parse_time_zone(spec.time_zone)
    return RunPlan(tuple(targets), spec.failure_policy.min_succeeded_targets, zone), ()


def _compile_target(target: Target, path: str) -> tuple[TargetPlan | None, Sequence[Finding]]:
    if target.platform is not None:
        return _platform_work(target, target.platform, f"{path}.platform")
    if target.http is not None and target.extract is not None:
        return _http_work(target, target.http, target.extract, f"{path}.extract")
    return None, (Finding(path, "needs http with extract, or platform"),)


def _platform_work(target: Target, spec: PlatformSpec, path: str) -> tuple[TargetPlan | None, Sequence[Finding]]:
    registry = installed_platforms()
    config, findings = registry.validate(spec.name, spec.config, path)
    platform = registry.get(spec.name)
    if config is None or platform is None:
        return None, findings
    return PlatformTargetPlan(target.name, platform, config, _retry(target), _expectations(target)), ()


def _http_work(target: Target, http: HTTP, extract: Extract, path: str) -> tuple[TargetPlan | None, Sequence[Finding]]:
    compiled, findings = compile_extract(extract, path)
    if compiled is None:
        return None, findings
    key = tuple(extract.key or ())
    return HTTPTargetPlan(target.name, _request(http), _retry(target), compiled, key, _expectations(target)), findings


def _retry(target: Target) -> RetryPolicy:
    retry = target.retry
    return RetryPolicy(retry.attempts, retry.initial_delay, retry.max_delay, tuple(retry.methods))


def _request(http: HTTP) -> Request:
    return Request(
        url=http.url,
        method=http.method,
        headers=tuple((header.name, header.value or "") for header in http.headers),
        params=tuple((param.name, param.value) for param in http.params),
        timeout=http.timeout.total_seconds(),
        max_redirects=http.max_redirects,
        max_body_bytes=http.max_body_bytes,
        success_status=tuple(http.success_status),
    )


def _expectations(target: Target) -> Expectations:
    expect = target.expect
    if expect is None:
        return Expectations()
    return Expectations(
        min_items=expect.min_items,
        coverage={rule.field: rule.min_percent for rule in expect.coverage or ()},
        on_breach=OnBreach(expect.on_breach),
    )
