"""Writes the spans of runs, targets, requests and deliveries by the API of OpenTelemetry.

Names have few values: what differs from run to run is an attribute. Exceptions are not recorded, since their texts and
tracebacks may hold secrets.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue
from yarl import URL

from scrape_operator import __version__
from scrape_operator.core.masking import Mask
from scrape_operator.core.net.documents import Purpose
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.times import rfc3339

Attributes = Mapping[str, AttributeValue]

_FAILED = frozenset({RunStatus.FAILED, RunStatus.CANCELED})


class SpanTracer:
    """Implements core.tracing.Tracer."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("scrape_operator", __version__)

    @contextmanager
    def run(self, claim: RunClaim) -> Iterator["EndedSpan"]:
        """Open the span `run`."""
        attributes: Attributes = {
            "k8s.namespace.name": claim.namespace,
            "scrape.schedule": claim.name,
            "scrape.run.id": str(claim.id),
            "scrape.trigger": str(claim.trigger),
            "scrape.scheduled_for": rfc3339(claim.scheduled_for, "microseconds"),
        }
        with self._open("run", SpanKind.INTERNAL, attributes) as span:
            yield EndedSpan(span)

    @contextmanager
    def target(self, name: str) -> Iterator["EndedSpan"]:
        """Open the span `target`."""
        with self._open("target", SpanKind.INTERNAL, {"scrape.target": name}) as span:
            yield EndedSpan(span)

    @contextmanager
    def request(self, method: str, purpose: Purpose, url: URL, mask: Mask) -> Iterator["RequestedSpan"]:
        """Open a span with the name of the method, as the semantic conventions for HTTP clients want it."""
        attributes: dict[str, AttributeValue] = {"http.request.method": method, "scrape.purpose": str(purpose)}
        if purpose is Purpose.TARGET:
            attributes["url.full"] = mask.message(str(url.with_query(None)))
            attributes["server.address"] = mask.message(url.raw_host or "")
            attributes["server.port"] = url.port or 0
        with self._open(method, SpanKind.CLIENT, attributes) as span:
            yield RequestedSpan(span)

    @contextmanager
    def delivery(self, key: ObjectKey, webhook: str, event: str) -> Iterator[None]:
        """Open the span `webhook`."""
        attributes: Attributes = {
            "k8s.namespace.name": key.namespace,
            "scrape.schedule": key.name,
            "scrape.webhook": webhook,
            "scrape.event": event,
        }
        with self._open("webhook", SpanKind.INTERNAL, attributes):
            yield

    @contextmanager
    def _open(self, name: str, kind: SpanKind, attributes: Attributes) -> Iterator[Span]:
        opening = self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        )
        with opening as span:
            try:
                yield span
            except Exception as error:
                _fail(span, str(getattr(error, "reason", type(error).__name__)))
                raise


class EndedSpan:
    """The span of a run or a target."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def end(self, result: RunResult | TargetResult) -> None:
        """Add the outcome, and what a target cost and gave."""
        self._span.set_attribute("scrape.status", str(result.status))
        self._span.set_attribute("scrape.reason", str(result.reason))
        if isinstance(result, TargetResult):
            self._span.set_attribute("scrape.items", len(result.items))
            self._span.set_attribute("scrape.pages", result.pages)
            self._span.set_attribute("scrape.requests", result.requests)
            self._span.set_attribute("scrape.bytes", result.bytes)
        if result.status in _FAILED:
            _fail(self._span, str(result.reason))


class RequestedSpan:
    """The span of a request."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def answered(self, status: int) -> None:
        """Add the status of the answer."""
        self._span.set_attribute("http.response.status_code", status)


def _fail(span: Span, reason: str) -> None:
    span.set_attribute("error.type", reason)
    span.set_status(StatusCode.ERROR)
