"""The spans of a run over real sockets, as an exporter in memory gets them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from aiohttp import web
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from yarl import URL

from scrape_operator.core.errors import InvalidSettings
from scrape_operator.core.masking import Mask
from scrape_operator.core.net.documents import Purpose
from scrape_operator.core.tracing import NO_TRACER
from scrape_operator.reporting.tracing.opening import open_tracer
from scrape_operator.reporting.tracing.spans import SpanTracer
from scrape_operator.settings import Settings
from tests.secrecy.world import open_world, schedule
from tests.support.waiting import eventually
from tests.support.web import served_by


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return SpanTracer(provider)


NO_SECRETS: Mapping[str, Mapping[str, str]] = MappingProxyType({})


async def answer(request: web.Request) -> web.StreamResponse:
    if request.path == "/robots.txt":
        raise web.HTTPNotFound
    if request.path == "/moved":
        raise web.HTTPFound("/here?a=secret")
    return web.Response(status=410 if request.path == "/gone" else 200, text="one")


async def spans_of(folder, path, answer=answer, secrets=NO_SECRETS, **http):
    async with served_by(answer) as url, open_world(folder) as world:
        world.api.secrets |= secrets
        filled = json.loads(json.dumps(http).replace("{url}", url))
        await world.run(schedule("shop", {"url": f"{url}{path}?key=secret", **filled}))
        state = next(iter(world.app.engine.registry)).state
        await eventually(lambda: state.last_run)
        await world.app.drain()
        return url, world.spans.get_finished_spans()


async def test_a_run_a_target_and_each_request_have_a_span(tmp_path):
    url, spans = await spans_of(tmp_path, "/moved")
    robots, moved, here, target, run = spans
    assert [span.name for span in spans] == ["GET", "GET", "GET", "target", "run"]
    assert {span.context.trace_id for span in spans} == {run.context.trace_id}
    assert {span.parent.span_id for span in (robots, moved, here)} == {target.context.span_id}
    assert [span.attributes["scrape.purpose"] for span in (robots, moved)] == ["robots.txt", "target"]
    assert robots.attributes["http.response.status_code"] == 404
    assert target.parent.span_id == run.context.span_id
    assert moved.kind is SpanKind.CLIENT
    assert (moved.attributes["url.full"], here.attributes["url.full"]) == (f"{url}/moved", f"{url}/here")
    assert moved.attributes["http.response.status_code"] == 302
    assert run.attributes["scrape.schedule"] == "shop"
    assert run.attributes["scrape.trigger"] == "manual"
    assert (target.attributes["scrape.items"], target.attributes["scrape.requests"]) == (1, 2)
    assert all(span.status.status_code is StatusCode.UNSET for span in spans)
    assert "secret" not in "".join(span.to_json() for span in spans)


async def test_a_failure_is_named_by_its_reason_without_a_traceback(tmp_path):
    _, (_, *spans) = await spans_of(tmp_path, "/gone")
    assert [span.attributes["error.type"] for span in spans] == ["HTTPStatus"] * 3
    assert {span.status.status_code for span in spans} == {StatusCode.ERROR}
    assert [json.loads(span.to_json())["events"] for span in spans] == [[], [], []]


async def test_a_token_endpoint_has_a_span_without_its_address(tmp_path):
    async def grant(request: web.Request) -> web.StreamResponse:
        if request.path == "/grant/c4n4ry":
            return web.json_response({"access_token": "c4n4ry", "token_type": "bearer"})
        return await answer(request)

    client = {"client": {"client_id": "ada", "client_secret": "c4n4ry"}}
    auth = {"oauth2": {"tokenURL": "{url}/grant/c4n4ry", "secretRef": {"name": "client"}}}
    _, spans = await spans_of(tmp_path, "/c4n4ry", grant, client, auth=auth)
    assert [span.name for span in spans] == ["GET", "POST", "GET", "target", "run"]
    token, target = spans[1], spans[3]
    assert token.parent.span_id == target.context.span_id
    assert (token.attributes["scrape.purpose"], token.attributes["http.response.status_code"]) == ("oauth2", 200)
    assert "c4n4ry" not in "".join(span.to_json() for span in spans)


async def test_what_a_robots_txt_redirects_to_is_in_no_span(tmp_path):
    async def redirect(request: web.Request) -> web.StreamResponse:
        if request.path == "/robots.txt":
            raise web.HTTPFound("/c4n4ry?c4n4ry")
        return await answer(request)

    _, (first, second, *_) = await spans_of(tmp_path, "/here", redirect)
    assert [span.attributes["http.response.status_code"] for span in (first, second)] == [302, 200]
    assert "c4n4ry" not in first.to_json() + second.to_json()


def test_a_host_that_repeats_a_secret_is_masked(tracer, exporter):
    mask = Mask()
    mask.add("c4n4ry-token")
    with tracer.request("GET", Purpose.TARGET, URL("http://c4n4ry-token.example/c4n4ry-token"), mask):
        pass
    [span] = exporter.get_finished_spans()
    assert span.attributes["server.address"] == "************.example"
    assert "c4n4ry" not in span.to_json()


async def test_nothing_is_traced_by_default():
    async with open_tracer(Settings()) as tracer:
        assert tracer is NO_TRACER


def test_opentelemetry_is_not_loaded_while_tracing_is_off():
    program = (
        "import sys, scrape_operator.wiring; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


async def test_the_exporter_is_configured_by_the_variables_of_opentelemetry(monkeypatch):
    received = []

    async def collect(request: web.Request) -> web.StreamResponse:
        received.append((request.path, request.headers["X-Tenant"], await request.read()))
        return web.Response()

    async with served_by(collect) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "X-Tenant=shop")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "scraper-of-the-shop")
        async with open_tracer(Settings(tracing=True)) as tracer:
            with tracer.target("main"):
                pass
    [(path, tenant, body)] = received
    assert (path, tenant) == ("/v1/traces", "shop")
    assert b"scraper-of-the-shop" in body


async def test_a_collector_that_is_away_does_not_delay_the_end(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("scrape_operator.reporting.tracing.opening.LAST_SPANS_SECONDS", 0.1)
    async with open_tracer(Settings(tracing=True)) as tracer:
        with tracer.target("main"):
            pass


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
async def test_what_is_not_supported_is_refused_by_the_name_of_the_variable(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings, match=variable):
        async with open_tracer(Settings(tracing=True)):
            pass


async def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "scrape_operator.reporting.tracing.spans", None)
    with pytest.raises(InvalidSettings, match=r"pip install 'scrape-operator\[tracing\]'"):
        async with open_tracer(Settings(tracing=True)):
            pass
