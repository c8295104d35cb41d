"""Compiles the targets of a spec to the plan of a run. Called by `schedule`."""

from scrape_operator.api.kinds.extract import Extract, FieldType, FieldValue
from scrape_operator.api.kinds.http import HTTP, Method
from scrape_operator.api.kinds.paginate import Paginate
from scrape_operator.api.kinds.schedule import ScrapeScheduleSpec
from scrape_operator.api.kinds.target import Platform as PlatformSpec
from scrape_operator.api.kinds.target import Target
from scrape_operator.core.findings import Finding
from scrape_operator.core.net.pagination import CountedPages, CursorPages, LinkedPages, PageSource, Pagination
from scrape_operator.core.runs.expectations import Expectations, OnBreach
from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.schedule.time_zones import parse_time_zone
from scrape_operator.core.shared import shared
from scrape_operator.extraction.compiling import compile_target, selector_of
from scrape_operator.planning.fingerprints import fingerprint_of
from scrape_operator.planning.plans import HTTPTargetPlan, PlatformTargetPlan, RunPlan, TargetPlan
from scrape_operator.planning.policies import Ceiling, EffectivePolicy
from scrape_operator.planning.requests import compile_request
from scrape_operator.platforms.registry import installed_platforms

Findings = tuple[Finding, ...]

_TIMELESS = {None, FieldValue.PAGE_URL}


def compile_run_plan(spec: ScrapeScheduleSpec, policy: EffectivePolicy) -> tuple[RunPlan | None, Findings]:
    """Compile every target. The plan is None if there are findings.

    Values that the spec leaves to their defaults are lowered to the ceilings of the policy.
    """
    targets: list[TargetPlan] = []
    findings: list[Finding] = []
    for index, target in enumerate(spec.targets):
        plan, wrong = _compile_target(target, policy, f"spec.targets[{index}]")
        findings.extend(wrong)
        if plan is not None:
            targets.append(plan)
    if findings:
        return None, tuple(findings)
    zone, min_succeeded = parse_time_zone(spec.time_zone), spec.failure_policy.min_succeeded_targets
    return RunPlan(tuple(targets), min_succeeded, zone, policy.fetch, spec.keep_bodies), ()


def _compile_target(target: Target, policy: EffectivePolicy, path: str) -> tuple[TargetPlan | None, Findings]:
    if target.platform is not None:
        return _compile_platform(target, target.platform, f"{path}.platform")
    if target.http is not None and target.extract is not None:
        return _compile_http(target, target.http, target.extract, policy, path)
    return None, (Finding(path, "needs http with extract, or platform"),)


def _compile_platform(target: Target, spec: PlatformSpec, path: str) -> tuple[TargetPlan | None, Findings]:
    registry = installed_platforms()
    config, findings = registry.validate(spec.name, spec.config, path)
    platform = registry.get(spec.name)
    if config is None or platform is None:
        return None, findings
    plan = PlatformTargetPlan(
        target.name, platform, config, _retry(target), _expectations(target), fingerprint_of(target)
    )
    return plan, ()


def _compile_http(
    target: Target, http: HTTP, extract: Extract, policy: EffectivePolicy, path: str
) -> tuple[TargetPlan | None, Findings]:
    extracts, findings = compile_target(target, path)
    if extracts is None:
        return None, findings
    plan = HTTPTargetPlan(
        name=shared(target.name),
        request=compile_request(http, _lowered(http.max_body_bytes, policy.max_body_bytes)),
        retry=_retry(target),
        extracts=extracts,
        key=shared(tuple(extract.key or ())),
        expectations=_expectations(target),
        mode=extract.mode,
        compared_fields=shared(tuple(field.name for field in extract.fields if field.value is None)),
        selected_fields=_selected_fields(target),
        pagination=_pagination(target.paginate, policy),
        is_conditional=_is_conditional(target, http),
        is_decided_by_document=_is_decided_by_document(target, http, extract),
        fingerprint=fingerprint_of(target),
        max_followed=target.follow.max_items if target.follow else 0,
    )
    return plan, ()


def _is_conditional(target: Target, http: HTTP) -> bool:
    """Return whether unchanged documents are recognized: detail documents may change where the list does not."""
    return bool(http.conditional) and http.method in {Method.GET, Method.HEAD} and target.follow is None


def _is_decided_by_document(target: Target, http: HTTP, extract: Extract) -> bool:
    """Return whether the items depend on one document alone: not on the time, the run or other documents.

    Conditional targets have their own way to recognize what did not change, and say so in their reason.
    """
    if target.paginate is not None or target.follow is not None or http.conditional:
        return False
    is_timeless = all(field.type is not FieldType.DATE_TIME and field.value in _TIMELESS for field in extract.fields)
    return is_timeless and extract.mode is not ItemMode.APPEND


def _selected_fields(target: Target) -> tuple[str, ...]:
    fields = (*(target.extract.fields if target.extract else ()), *(target.follow.fields if target.follow else ()))
    return shared(tuple(field.name for field in fields if selector_of(field) is not None))


def _pagination(paginate: Paginate | None, policy: EffectivePolicy) -> Pagination | None:
    if paginate is None:
        return None
    return Pagination(_page_source(paginate), _lowered(paginate.max_pages, policy.max_pages))


def _lowered(value: int, ceiling: Ceiling[int] | None) -> int:
    return value if ceiling is None else min(value, ceiling.value)


def _page_source(paginate: Paginate) -> PageSource:
    if paginate.page_param is not None:
        page = paginate.page_param
        return CountedPages(page.name, page.start, page.step)
    if paginate.offset_param is not None:
        offset = paginate.offset_param
        limit = ((offset.limit_name, str(offset.limit)),) if offset.limit_name else ()
        return CountedPages(offset.name, offset.start, offset.limit, limit)
    if paginate.cursor is not None:
        return CursorPages(paginate.cursor.param)
    return LinkedPages(paginate.next_link.link_header if paginate.next_link else None)


def _retry(target: Target) -> RetryPolicy:
    retry = target.retry
    return shared(RetryPolicy(retry.attempts, retry.initial_delay, retry.max_delay, tuple(retry.methods)))


def _expectations(target: Target) -> Expectations:
    expect = target.expect
    if expect is None:
        return shared(Expectations())
    expectations = Expectations(
        min_items=expect.min_items,
        max_drop_percent=expect.max_drop_percent,
        coverage={rule.field: rule.min_percent for rule in expect.coverage or ()},
        on_breach=OnBreach(expect.on_breach),
    )
    return shared(expectations)
