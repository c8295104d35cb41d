"""The spans of deliveries: what a person needs to find a slow or failing receiver, and nothing of its address."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from scrape_operator.reporting.tracing.spans import SpanTracer
from tests.reporting.webhooks.conftest import World
from tests.support.receiver import Receiver, status
from tests.support.waiting import eventually


async def test_an_attempt_and_its_request_have_spans_without_the_address(world: World, receiver: Receiver) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    world.tracer = SpanTracer(provider)
    await world.restart()
    receiver.answers = [status(500)]
    await world.fail()
    await eventually(lambda: world.results == [("RunFailed", "retried"), ("RunFailed", "delivered")])
    refused, first, post, second = exporter.get_finished_spans()
    assert [span.name for span in (refused, first, post, second)] == ["POST", "webhook", "POST", "webhook"]
    assert post.parent is not None
    assert (post.parent.span_id, second.parent) == (second.context.span_id, None)
    assert second.attributes == {
        "k8s.namespace.name": "default",
        "scrape.schedule": "quotes",
        "scrape.webhook": "ops",
        "scrape.event": "RunFailed",
    }
    assert post.attributes == {
        "http.request.method": "POST",
        "scrape.purpose": "webhook",
        "http.response.status_code": 204,
    }
    assert first.attributes is not None
    assert first.attributes["error.type"] == "HTTPStatus"
