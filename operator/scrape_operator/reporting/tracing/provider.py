"""The SDK of OpenTelemetry, configured by its own environment variables (OTEL_*)."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from scrape_operator import __version__
from scrape_operator.core.errors import InvalidSettings

EXPORTER = "OTEL_TRACES_EXPORTER"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP = "http/protobuf"


def open_provider() -> TracerProvider:
    """Return a provider that sends spans in batches from a thread of its own; what does not fit its queue is dropped.

    Raises:
        InvalidSettings: An OTEL_* variable asks for what is not there.

    """
    named = {SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or "scrape-operator", SERVICE_VERSION: __version__}
    provider = TracerProvider(resource=Resource.create(named))
    exporter = _exporter()
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _exporter() -> SpanExporter | None:
    name = os.environ.get(EXPORTER) or "otlp"
    if name == "none":
        return None
    if name == "console":
        return ConsoleSpanExporter()
    if name != "otlp":
        raise InvalidSettings(f"{EXPORTER}: {name!r} is not supported: use otlp, console or none")
    for variable in PROTOCOLS:
        if os.environ.get(variable) not in {None, "", HTTP}:
            raise InvalidSettings(f"{variable}: only {HTTP} is supported: use it, or unset the variable")
    return OTLPSpanExporter()
