"""What the contract describes and this version does not do: a spec that asks for it is refused, never half obeyed.

One table; whoever implements a feature deletes its line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scrape_operator.api.kinds.extract import Extract, Format, Mode
from scrape_operator.api.kinds.http import Method
from scrape_operator.api.kinds.schedule import DataPolicy, KeepBodies, ScrapeScheduleSpec
from scrape_operator.api.kinds.target import Target
from scrape_operator.core.findings import Finding


@dataclass(frozen=True, slots=True)
class _Missing:
    """A feature that is not there: the field that asks for it, and whether its holder does."""

    field: str
    is_asked: Callable[[Any], object]


_SPEC = (
    _Missing("policyRef", lambda spec: spec.policy_ref),
    _Missing("keepBodies", lambda spec: spec.keep_bodies is not KeepBodies.NEVER),
    _Missing("dataPolicy", lambda spec: spec.data_policy is not DataPolicy.RETAIN),
    _Missing("notify", lambda spec: spec.notify),
)
_TARGET = (
    _Missing("paginate", lambda target: target.paginate),
    _Missing("follow", lambda target: target.follow),
)
_HTTP = (
    _Missing("method", lambda http: http.method is not Method.GET),
    _Missing("body", lambda http: http.body),
    _Missing("auth", lambda http: http.auth),
    _Missing("tls", lambda http: http.tls),
    _Missing("proxySecretRef", lambda http: http.proxy_secret_ref),
    _Missing("conditional", lambda http: http.conditional),
)
_HEADER = (_Missing("valueFrom", lambda header: header.value_from),)
_EXTRACT = (
    _Missing("format", lambda extract: extract.format not in {Format.AUTO, Format.HTML, Format.JSON}),
    _Missing("mode", lambda extract: extract.mode is not Mode.UPSERT),
    _Missing("namespaces", lambda extract: extract.namespaces),
    _Missing("csv", lambda extract: extract.csv),
)
_FIELD = (
    _Missing("column", lambda field: field.column is not None),
    _Missing("group", lambda field: field.group is not None),
)
_EXPECT = (_Missing("maxDropPercent", lambda expect: expect.max_drop_percent is not None),)


def unsupported(spec: ScrapeScheduleSpec) -> tuple[Finding, ...]:
    """Say what a spec asks for that this version does not do; the path is the field."""
    findings = [*_ask(_SPEC, spec, "spec")]
    for index, target in enumerate(spec.targets):
        findings += _ask_target(target, f"spec.targets[{index}]")
    return tuple(findings)


def _ask(table: tuple[_Missing, ...], holder: object, path: str) -> Iterator[Finding]:
    if holder is not None:
        for missing in table:
            if missing.is_asked(holder):
                yield Finding(f"{path}.{missing.field}", f"{missing.field} is not supported by this version")


def _ask_target(target: Target, path: str) -> Iterator[Finding]:
    yield from _ask(_TARGET, target, path)
    yield from _ask(_HTTP, target.http, f"{path}.http")
    for index, header in enumerate(target.http.headers if target.http else ()):
        yield from _ask(_HEADER, header, f"{path}.http.headers[{index}]")
    if target.extract is not None:
        yield from _ask_extract(target.extract, f"{path}.extract")
    yield from _ask(_EXPECT, target.expect, f"{path}.expect")


def _ask_extract(extract: Extract, path: str) -> Iterator[Finding]:
    yield from _ask(_EXTRACT, extract, path)
    for index, field in enumerate(extract.fields):
        yield from _ask(_FIELD, field, f"{path}.fields[{index}]")
