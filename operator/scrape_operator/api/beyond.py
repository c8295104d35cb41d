"""What CEL can't say: rules that only the controller and `lint` check.

Selectors, cron texts and the configuration of platforms are checked by the rooms that compile them.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from scrape_operator.api.extract import Field, FieldType
from scrape_operator.api.http import HTTP
from scrape_operator.api.schedule import ScrapeScheduleSpec
from scrape_operator.api.target import Target
from scrape_operator.core import placeholders
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.timezones import parse_time_zone
from scrape_operator.core.urls import check_http_url

_SAMPLE = datetime(2026, 1, 1, tzinfo=UTC)
_UTC = ZoneInfo("Etc/UTC")


def beyond_cel(spec: ScrapeScheduleSpec) -> Iterator[Finding]:
    """Check time zone, placeholders, addresses and defaults of a spec whose types are right."""
    yield from _check("spec.timeZone", parse_time_zone, spec.time_zone)
    for index, target in enumerate(spec.targets):
        path = f"spec.targets[{index}]"
        if target.http is not None:
            yield from _check_http(f"{path}.http", target.http)
        yield from _check_defaults(path, target)


def _check(path: str, check: Callable[[str], object], text: str) -> Iterator[Finding]:
    try:
        check(text)
    except InvalidValue as error:
        yield Finding(path, str(error))


def _check_http(path: str, http: HTTP) -> Iterator[Finding]:
    yield from _check(f"{path}.url", _check_url, http.url)
    for index, parameter in enumerate(http.params):
        yield from _check(f"{path}.params[{index}].value", placeholders.check, parameter.value)


def _check_url(template: str) -> None:
    check_http_url(placeholders.render(template, _SAMPLE, _UTC))


def _check_defaults(path: str, target: Target) -> Iterator[Finding]:
    for part in ("extract", "follow"):
        holder = getattr(target, part)
        for index, field in enumerate(holder.fields if holder else ()):
            if field.default is not None and (message := _wrong_default(field)):
                yield Finding(f"{path}.{part}.fields[{index}].default", message)


def _wrong_default(field: Field) -> str | None:
    values = field.default
    if field.many and not isinstance(values, list):
        return "must be a list, since many is true"
    fits, meaning = _DEFAULTS[field.type]
    if all(map(fits, values if field.many else [values])):
        return None
    return f"must be {'a list of values, each ' if field.many else ''}{meaning}, since type is {field.type}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_decimal(value: Any) -> bool:
    if not isinstance(value, str):
        return _is_number(value)
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_instant(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


_DEFAULTS: dict[FieldType, tuple[Callable[[Any], bool], str]] = {
    FieldType.STRING: (lambda value: isinstance(value, str), "text"),
    FieldType.INTEGER: (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    FieldType.DECIMAL: (_is_decimal, 'a decimal number such as "2.50"'),
    FieldType.NUMBER: (_is_number, "a number"),
    FieldType.BOOLEAN: (lambda value: isinstance(value, bool), "true or false"),
    FieldType.DATE_TIME: (_is_instant, "an instant such as 2026-12-01T00:00:00Z"),
    FieldType.URL: (lambda value: isinstance(value, str), "the text of an address"),
    FieldType.JSON: (lambda _: True, "JSON"),
}
