"""Validates an object as the API server and the controller do.

Types, bounds and unknown fields are checked by pydantic, then the rules between fields, then what CEL cannot express.
No object makes this raise, and no value of an object is repeated in full.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scrape_operator.api.controller_rules import check_without_cel
from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import DUPLICATE_ERROR
from scrape_operator.api.kinds.meta import API_VERSION
from scrape_operator.api.kinds.registry import KINDS, kind_of
from scrape_operator.api.kinds.schedule import ScrapeSchedule
from scrape_operator.api.messages import message_of
from scrape_operator.api.paths import member_model, parts_of, written
from scrape_operator.core.findings import Finding

MAX_FINDINGS = 100
"""The most findings of one object, which may have tens of thousands of faults."""

_SHOWN = 64


_Model = TypeVar("_Model", bound=ApiModel)


def parse(obj: object) -> tuple[ScrapeSchedule | None, tuple[Finding, ...]]:
    """Return an object as a ScrapeSchedule, with everything that is wrong with it.

    The schedule is None if types or bounds are wrong. A schedule with findings must not be run. `status` and the
    members of `metadata` that Kubernetes owns are ignored.
    """
    schedule, findings = parse_as(ScrapeSchedule, obj)
    if schedule is None:
        return None, findings
    known = {finding.path for finding in findings}
    more = (finding for finding in check_without_cel(schedule.spec) if finding.path not in known)
    return schedule, tuple(islice(chain(findings, more), MAX_FINDINGS))


def parse_as(model: type[_Model], obj: object) -> tuple[_Model | None, tuple[Finding, ...]]:
    """Return an object as a model of a kind, with every type, bound and rule that it breaks."""
    if not isinstance(obj, Mapping):
        return None, (Finding("object", "must be an object with apiVersion, kind, metadata and spec"),)
    content = {name: _as_dict(value) for name, value in obj.items() if name != "status"}
    try:
        parsed = model.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as error:
        return None, tuple(islice(_findings(model, error), MAX_FINDINGS))
    return parsed, tuple(islice(_broken_rules(parsed, ()), MAX_FINDINGS))


def check_kind(obj: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what is wrong with the object's apiVersion and kind."""
    kind = kind_of(obj)
    if kind is None and any(kind.kind == obj.get("kind") for kind in KINDS):
        return (Finding("apiVersion", f"must be {API_VERSION}"),)
    if kind is None:
        known = ", ".join(kind.kind for kind in KINDS)
        return (Finding("kind", f"is not a kind of {API_VERSION}: known are {known}"),)
    return ()


def _as_dict(value: Any) -> Any:
    # kopf's body is a view, and pydantic reads dicts.
    return dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value


def _broken_rules(model: ApiModel, location: tuple[int | str, ...]) -> Iterator[Finding]:
    for rule in model.rules:
        if not rule.holds(model):
            yield Finding(written((*location, rule.path) if rule.path else location), rule.message)
    for part, step in parts_of(model):
        yield from _broken_rules(part, (*location, *step))


def _findings(model: type[ApiModel], error: ValidationError) -> Iterator[Finding]:
    details = error.errors(include_url=False, include_input=False)
    faulty = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    for detail in details:
        # pydantic also reports a list whose only entry is wrong as too short, which is no fault of its own.
        if detail["type"] != "too_short" or detail["loc"] not in faulty:
            yield _finding(model, detail)


def _finding(model: type[ApiModel], detail: ErrorDetails) -> Finding:
    location, context = detail["loc"], detail.get("ctx", {})
    path = written(location) + (context["suffix"] if detail["type"] == DUPLICATE_ERROR else "")
    if detail["type"] == "extra_forbidden":
        return Finding(path, _unknown(model, location))
    return Finding(path, message_of(detail))


def _unknown(model: type[ApiModel], location: Sequence[int | str]) -> str:
    holder, name = member_model(model, location[:-1]), str(location[-1])[:_SHOWN]
    known = [field.alias or attribute for attribute, field in holder.model_fields.items()] if holder else []
    lower = {alias.lower(): alias for alias in known}
    meant = get_close_matches(name.replace("_", "").lower(), lower, n=1)
    hint = f"did you mean {lower[meant[0]]}?" if meant else f"known are {', '.join(known)}"
    return f"is not a known field: {hint}"
