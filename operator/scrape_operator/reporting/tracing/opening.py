"""Opens the tracer of a process: nothing of OpenTelemetry is loaded while tracing is off."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from scrape_operator.core.errors import InvalidSettings
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.settings import Settings

logger = logging.getLogger(__name__)

LAST_SPANS_SECONDS = 2.0
"""How long the end of the process waits for the collector to take the last spans."""


@asynccontextmanager
async def open_tracer(settings: Settings) -> AsyncIterator[Tracer]:
    """Open the tracer that the settings ask for.

    Raises:
        InvalidSettings: The extra `tracing` is not installed, or an OTEL_* variable is wrong.

    """
    if not settings.tracing:
        yield NO_TRACER
        return
    spans, provider = _load("spans"), _load("provider").open_provider()
    try:
        yield spans.SpanTracer(provider)
    finally:
        closing = asyncio.get_running_loop().run_in_executor(None, provider.force_flush, int(LAST_SPANS_SECONDS * 1000))
        await asyncio.wait([closing], timeout=LAST_SPANS_SECONDS)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(f"scrape_operator.reporting.tracing.{name}")
    except ModuleNotFoundError as error:
        message = "SCRAPE_OPERATOR_TRACING: OpenTelemetry is missing: pip install 'scrape-operator[tracing]'"
        raise InvalidSettings(message) from error
