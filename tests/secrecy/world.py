"""The whole operator but its watch: real sockets to sites and to an API server, SQLite, and all that it says."""

import base64
import gzip
import io
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from typer.testing import CliRunner

from scrape_operator.cli import app as command
from scrape_operator.clock import SystemClock
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.cluster.secrets import ClusterSecrets
from scrape_operator.reporting.logs import configure
from scrape_operator.reporting.metrics.metrics import Metrics
from scrape_operator.reporting.tracing.spans import SpanTracer
from scrape_operator.settings import Settings
from scrape_operator.wiring import App, build_app, open_services
from tests.support.databases import make_sqlite
from tests.support.logs import restored_logging
from tests.support.web import served_by

NAMESPACE = "default"
Secrets = Mapping[str, Mapping[str, str]]


@dataclass
class ApiServer:
    """Serves Secrets, and keeps the statuses and Events that it is sent."""

    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        kind, name = request.path.split("/")[-2:]
        if kind == "secrets":
            data = {key: base64.b64encode(value.encode()).decode() for key, value in self.secrets[name].items()}
            return web.json_response({"metadata": {"resourceVersion": "1"}, "data": data})
        self.sent.append(await request.text())
        return web.json_response({"metadata": {"name": f"event-{len(self.sent)}"}})


@dataclass
class World:
    """An operator that runs, and where it leaves traces."""

    app: App
    api: ApiServer
    database: Path
    log: io.StringIO
    spans: InMemorySpanExporter

    async def run(self, *objects: Mapping[str, Any]) -> None:
        """Run each schedule once, by hand, and write all statuses and Events."""
        for obj in objects:
            self.app.engine.scheduler.applied(obj)

    def traces(self) -> Mapping[str, bytes]:
        """Return all that the operator has said so far."""
        return {
            "log": self.log.getvalue().encode(),
            "statuses and Events": "\n".join(self.api.sent).encode(),
            "metrics": self.app.metrics.render()[0],
            "spans": "\n".join(span.to_json() for span in self.spans.get_finished_spans()).encode(),
            **database_traces(self.database),
        }


@asynccontextmanager
async def open_world(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Open the operator, with everything logged."""
    database = folder / "scrape-operator.db"
    make_sqlite(database)
    given = {"allow_cidrs": "127.0.0.0/8", "host_max_concurrent": 100, "log_level": "DEBUG", **settings}
    used = Settings(sqlite_path=database, **given)
    with logged() as log:
        api, metrics = ApiServer(), Metrics()
        spans, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        async with served_by(api.handle) as url:
            credentials = Credentials(url, None, None, None, "Bearer api-server-token")

            async def load() -> Credentials:
                return credentials

            async with (
                ClusterClient(load) as client,
                open_services(used, metrics, ClusterSecrets(client, SystemClock()), SpanTracer(provider)) as services,
            ):
                yield World(build_app(services, metrics, client), api, database, log, spans)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Log as the process does, with nothing left out, into a text."""
    log = io.StringIO()
    with restored_logging(), redirect_stderr(log):
        configure("json", "DEBUG")
        yield log


def database_traces(database: Path) -> Mapping[str, bytes]:
    """Return every table of a database, the bodies unpacked, and the files as they are."""
    traces = {str(file): file.read_bytes() for file in database.parent.glob(f"{database.name}*")}
    with sqlite3.connect(database) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            traces[f"table {name}"] = b"\n".join(_bytes_of(value) for row in rows for value in row)
    connection.close()
    return traces


def _bytes_of(value: object) -> bytes:
    if isinstance(value, bytes):
        return gzip.decompress(value) if value.startswith(b"\x1f\x8b") else value
    return str(value).encode()


def spoken(*arguments: str, **environment: str) -> bytes:
    """Return all that the command prints: output, errors and the text of an exception."""
    with restored_logging():
        result = CliRunner(env=environment).invoke(command, arguments)
    return (result.output + result.stderr + repr(result.exception)).encode()


def schedule(name: str, http: Mapping[str, Any], **target: Any) -> dict[str, Any]:
    """Make a schedule that runs once by hand, and keeps whatever it reads."""
    extract = {
        "fields": [
            {"name": "all", "regex": "(?s).*"},
            {"name": "page", "value": "PageURL"},
            {"name": "number", "regex": "(?s).*", "type": "Decimal"},
            {"name": "link", "regex": "(?s).*", "type": "URL"},
        ],
        "format": "Text",
    }
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": name,
            "generation": 1,
            "creationTimestamp": "2026-11-01T00:00:00Z",
            "annotations": {"scrape-operator.dev/requested-at": "now"},
        },
        "spec": {
            "suspend": True,
            "interval": "720h",
            "keepBodies": "Always",
            "targets": [
                {"name": "main", "http": http, "retry": {"attempts": 1}, "extract": extract, **target},
            ],
        },
    }


def found(secrets: Mapping[str, list[bytes]], traces: Mapping[str, bytes]) -> list[str]:
    """Name each secret that is found, and where."""
    return [
        f"{secret}: in {place} as {form!r}"
        for secret, forms in secrets.items()
        for place, trace in traces.items()
        for form in forms
        if form in trace
    ]


def as_text(value: object) -> bytes:
    return json.dumps(value, default=str).encode()
