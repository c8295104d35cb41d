"""The request of one run: placeholders, bodies, and what comes from Secrets."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scrape_operator.core.net.access import (
    Access,
    ApiKeyAuth,
    ApiKeyPlace,
    BasicAuth,
    BearerAuth,
    OAuth2Auth,
    SecretKey,
    TLSOptions,
)
from scrape_operator.core.net.documents import Request
from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan
from scrape_operator.planning.requests import RequestTemplate
from scrape_operator.planning.schedule import compile_schedule, validate
from tests.api.building import HTTP, SECRET_KEY, changed

DUE = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TOKEN = SecretKey("shop", "token")


def template_of(**http: Any) -> RequestTemplate:
    obj = changed({f"{HTTP}.{name}": value for name, value in http.items()})
    obj["metadata"] |= {"uid": "uid", "generation": 1}
    plan = compile_schedule(obj, timedelta(minutes=5))
    assert isinstance(plan.work, RunPlan), plan.findings
    target = plan.work.targets[0]
    assert isinstance(target, HTTPTargetPlan)
    return target.request


def test_a_request_without_placeholders_is_the_same_for_every_run() -> None:
    fixed = template_of(headers=[{"name": "Accept", "value": "text/html"}])
    assert fixed.fill(DUE, BERLIN) is fixed.request
    assert fixed.fill(DUE, BERLIN) == replace(fixed, is_fixed=False).fill(DUE, BERLIN)


def filled(**http: Any) -> Request:
    return template_of(**http).fill(DUE, BERLIN)


@pytest.mark.parametrize(
    ("url", "params", "sent_url", "sent_params"),
    [
        ("https://a.example/{scheduledFor:%Y}", [("q", "1")], "https://a.example/2027", [("q", "1")]),
        (
            "https://a.example/",
            [("q", "1"), ("day", "{scheduledFor:%d}")],
            "https://a.example/",
            [("q", "1"), ("day", "01")],
        ),
        ("https://a.example/{{x}}", [], "https://a.example/{x}", []),
        ("https://a.example/", [("q", "}}")], "https://a.example/", [("q", "}")]),
        ("https://a.example/", [("q", "1")], "https://a.example/", [("q", "1")]),
    ],
    ids=["address", "params", "literal braces", "a literal brace in params", "nothing"],
)
def test_address_and_params_are_filled_in_for_a_run(url, params, sent_url, sent_params) -> None:
    request = filled(url=url, params=[{"name": name, "value": value} for name, value in params])
    assert (request.url, list(request.params)) == (sent_url, sent_params)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("{scheduledFor:%Y-%m-%d}", "2027-01-01"),
        ("since={scheduledFor}", "since=2026-12-31T23:30:00Z"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{{scheduledFor}}", "{{scheduledFor}}"),
        ("{other}", "{other}"),
    ],
)
def test_headers_and_bodies_keep_all_braces_that_are_no_placeholder(value: str, sent: str) -> None:
    assert filled(headers=[{"name": "X-Since", "value": value}]).headers == (("X-Since", sent),)
    assert filled(method="POST", body={"text": value}).body == sent.encode()
    form = filled(method="POST", body={"form": [{"name": "a", "value": "{scheduledFor:%d}"}]})
    assert form.body == b"a=01"


def test_a_json_body_is_filled_in_at_any_depth() -> None:
    query = '{ lamps(day: "{scheduledFor:%d}") { name } }'
    request = filled(method="POST", body={"json": {"query": query, "days": ["{scheduledFor:%Y}", 1, None]}})
    assert json.loads(request.body) == {"query": '{ lamps(day: "01") { name } }', "days": ["2027", 1, None]}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"json": {"a": 1}}, "application/json"),
        ({"form": [{"name": "a", "value": "1"}]}, "application/x-www-form-urlencoded"),
        ({"text": "a"}, "text/plain; charset=utf-8"),
    ],
    ids=["json", "form", "text"],
)
def test_the_content_type_follows_from_the_body_unless_a_header_gives_it(body: Any, content_type: str) -> None:
    assert dict(filled(method="POST", body=body).headers)["Content-Type"] == content_type
    own = [{"name": "content-type", "value": "application/x"}]
    assert filled(method="PUT", body=body, headers=own).headers == (("content-type", "application/x"),)


def test_a_request_without_a_body_has_no_content_type() -> None:
    assert (filled(method="POST").body, filled(method="POST").headers) == (b"", ())


@pytest.mark.parametrize(
    ("http", "access"),
    [
        ({}, Access()),
        (
            {"headers": [{"name": "A", "value": "1"}, {"name": "X", "valueFrom": {"secretKeyRef": SECRET_KEY}}]},
            Access(headers=(("X", TOKEN),)),
        ),
        ({"auth": {"basic": {"secretRef": {"name": "s"}}}}, Access(auth=BasicAuth("s"))),
        ({"auth": {"bearer": {"secretKeyRef": SECRET_KEY}}}, Access(auth=BearerAuth(TOKEN))),
        (
            {"auth": {"apiKey": {"in": "Query", "name": "key", "secretKeyRef": SECRET_KEY}}},
            Access(auth=ApiKeyAuth(ApiKeyPlace.QUERY, "key", TOKEN)),
        ),
        (
            {"auth": {"oauth2": {"tokenURL": "https://t.example/", "secretRef": {"name": "s"}, "scopes": ["a"]}}},
            Access(auth=OAuth2Auth("https://t.example/", "s", ("a",))),
        ),
        (
            {"tls": {"caSecretRef": {"name": "ca"}, "certSecretRef": {"name": "c"}, "serverName": "a.example"}},
            Access(tls=TLSOptions("ca", "c", "a.example")),
        ),
        ({"proxySecretRef": {"name": "p"}}, Access(proxy_secret="p")),
    ],
    ids=["nothing", "header", "basic", "bearer", "apiKey", "oauth2", "tls", "proxy"],
)
def test_what_comes_from_secrets_is_named_and_never_in_the_request(http: Any, access: Access) -> None:
    template = template_of(**http)
    assert template.access == access
    assert all(name != "X" for name, _ in template.request.headers)


@pytest.mark.parametrize(
    ("http", "path"),
    [
        ({"headers": [{"name": "A", "value": "{scheduledFor:%Q}"}]}, "headers[0].value"),
        ({"method": "POST", "body": {"text": "{scheduledFor:}"}}, "body.text"),
        ({"method": "POST", "body": {"form": [{"name": "a", "value": "{scheduledFor:%Q}"}]}}, "body.form[0].value"),
        ({"method": "POST", "body": {"json": [{"a": ["{scheduledFor:%Q}"]}]}}, "body.json"),
    ],
)
def test_a_wrong_placeholder_is_refused_where_it_stands(http: Any, path: str) -> None:
    [finding] = validate(changed({f"{HTTP}.{name}": value for name, value in http.items()}))
    assert finding.path == f"spec.targets[0].http.{path}"
    assert "scheduledFor" in finding.message or "%Q" in finding.message
