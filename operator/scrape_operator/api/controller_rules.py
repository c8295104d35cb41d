"""The rules that CEL cannot express, which only the controller and `lint` check.

Selectors, defaults of fields, cron expressions and the configuration of platforms are checked by the packages that
compile them.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from scrape_operator.api.kinds.http import HTTP, Body
from scrape_operator.api.kinds.schedule import ScrapeScheduleSpec
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.net.urls import check_http_url
from scrape_operator.core.runs import placeholders
from scrape_operator.core.schedule.time_zones import UTC_ZONE, parse_time_zone

_SAMPLE = datetime(2026, 1, 1, tzinfo=UTC)


def check_without_cel(spec: ScrapeScheduleSpec) -> Iterator[Finding]:
    """Return what is wrong with the time zone, placeholders and URLs of a spec whose types are right."""
    yield from _check("spec.timeZone", parse_time_zone, spec.time_zone)
    for index, target in enumerate(spec.targets):
        if target.http is not None:
            yield from _check_http(f"spec.targets[{index}].http", target.http)


def _check(path: str, check: Callable[[str], object], text: str) -> Iterator[Finding]:
    try:
        check(text)
    except InvalidValue as error:
        yield Finding(path, str(error))


def _check_http(path: str, http: HTTP) -> Iterator[Finding]:
    yield from _check(f"{path}.url", _check_url, http.url)
    if http.auth is not None and http.auth.oauth2 is not None:
        yield from _check(f"{path}.auth.oauth2.tokenURL", check_http_url, http.auth.oauth2.token_url)
    for index, parameter in enumerate(http.params):
        yield from _check(f"{path}.params[{index}].value", placeholders.check, parameter.value)
    for index, header in enumerate(http.headers):
        yield from _check(f"{path}.headers[{index}].value", placeholders.check_embedded, header.value or "")
    for place, text in _body_texts(http.body):
        yield from _check(f"{path}.body.{place}", placeholders.check_embedded, text)


def _body_texts(body: Body | None) -> Iterator[tuple[str, str]]:
    """Yield the texts of a body in which placeholders are filled in, with their places."""
    if body is None:
        return
    if body.text is not None:
        yield "text", body.text
    for index, field in enumerate(body.form or ()):
        yield f"form[{index}].value", field.value
    for text in _texts(body.json_):
        yield "json", text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for member in members:
        yield from _texts(member)


def _check_url(template: str) -> None:
    check_http_url(placeholders.render(template, _SAMPLE, UTC_ZONE))
