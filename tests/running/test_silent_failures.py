"""Silent failures over the whole pipeline: requests over sockets, real extraction, items and states in SQLite.

A site that changes answers with 200 and a page that looks right to a machine. The run in which that happens must say
so, and name the field. Errors that pass and changes that are no failures must leave the data healthy.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web

from scrape_operator.core.runs.run import RunResult, RunStatus
from scrape_operator.local.objects import with_metadata
from scrape_operator.local.secrets import FileSecrets
from scrape_operator.reporting.status.conditions import evaluate_conditions
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION
from scrape_operator.settings import Settings
from scrape_operator.wiring import Engine, open_engine, policy_book
from tests.running.targets.conftest import Server, server
from tests.support.databases import make_sqlite
from tests.support.fakes import Recorder
from tests.support.waiting import eventually

__all__ = ["server"]

Answer = Callable[[], web.StreamResponse]


@dataclass(frozen=True)
class Good:
    """One thing for sale."""

    name: str
    price: str = "EUR 12.50"
    date: str = "2026-11-24"
    sku: str | None = None
    badge: str = ""

    @property
    def key(self) -> str:
        return self.name.lower() if self.sku is None else self.sku


GOODS = tuple(Good(f"Lamp{number}", f"EUR {number + 10}.50", f"2026-11-{number + 10}") for number in range(1, 9))

FIELDS = [
    {"name": "sku", "css": "::attr(data-sku)"},
    {"name": "name", "css": "h2::text"},
    {"name": "price", "css": ".price::text", "type": "Decimal"},
    {"name": "currency", "css": ".price::text", "regex": "([A-Z]{3})"},
    {"name": "date", "css": "time::text", "type": "DateTime"},
    {"name": "badge", "css": ".badge::text"},
]
HTML_TARGET = {"extract": {"items": {"css": "li.item"}, "fields": FIELDS, "key": ["sku"]}}
JSON_TARGET = {
    "extract": {
        "format": "JSON",
        "items": {"jmespath": "data"},
        "fields": [{"name": each["name"], "jmespath": each["name"]} for each in FIELDS],
        "key": ["sku"],
    }
}
CSV_TARGET = {
    "extract": {
        "format": "CSV",
        "fields": [{"name": name, "column": name} for name in ("sku", "name", "price")],
        "key": ["sku"],
    }
}
DROP = MappingProxyType({"expect": {"maxDropPercent": 30}})
REQUIRED = {
    "extract": {**HTML_TARGET["extract"], "fields": [*FIELDS[:2], {**FIELDS[2], "required": True}, *FIELDS[3:]]},
}


def card(good: Good, price: str = '<b class="price">{price}</b>') -> str:
    badge = f'<i class="badge">{good.badge}</i>' if good.badge else ""
    return (
        f'<li class="item" data-sku="{good.key}"><h2>{good.name}</h2>{price.replace("{price}", good.price)}'
        f"<time>{good.date}</time>{badge}</li>"
    )


def html(goods: Sequence[Good] = GOODS, price: str = '<b class="price">{price}</b>', **options: Any) -> Answer:
    body = "".join(card(good, price) for good in goods)
    page = f"<html lang=en><title>Lamps</title><ul>{body}</ul></html>"
    return lambda: web.Response(**{"text": page, "content_type": "text/html", **options})


def record(good: Good) -> dict[str, Any]:
    price, currency = good.price[4:], good.price[:3]
    return {"sku": good.key, "name": good.name, "price": price, "currency": currency, "date": good.date, "badge": None}


def as_json(rows: Sequence[Mapping[str, Any]] | None = None, **others: Any) -> Answer:
    data = [record(good) for good in GOODS] if rows is None else list(rows)
    return lambda: web.json_response({**others, "data": data})


def as_csv(header: str = "sku,name,price", mark: str = ",") -> Answer:
    lines = [header, *(mark.join((good.key, good.name, good.price[4:])) for good in GOODS)]
    return lambda: web.Response(text="\n".join(lines), content_type="text/csv")


def changed(**values: Any) -> tuple[Good, ...]:
    return tuple(replace(good, **values) for good in GOODS)


LOGIN = "<title>Sign in</title><form><input name=user><input type=password></form>"


@dataclass
class Pipeline:
    """Runs a target of one schedule in an engine, and restarts it: only the database remembers."""

    server: Server
    folder: Path
    recorder: Recorder = field(default_factory=Recorder)
    tokens: Any = field(default_factory=count)

    async def run(self, target: Mapping[str, Any], *answers: Answer) -> tuple[RunResult, str]:
        """Run once in a new process. Return the result and the condition DataHealthy."""
        left = list(answers)

        async def answer(_request: web.Request) -> web.StreamResponse:
            return (left.pop(0) if len(left) > 1 else left[0])()

        self.server.answer = answer
        async with self._engine() as engine:
            before = len(self.recorder.finished_runs)
            engine.scheduler.applied(self._object(target))
            await eventually(lambda: len(self.recorder.finished_runs) > before and not engine.pool.active)
            [entry] = engine.registry
            conditions = evaluate_conditions(entry.plan, entry.state, engine.clock.now())
        [healthy] = [each.status for each in conditions if each.type == "DataHealthy"]
        return self.recorder.finished_runs[-1], healthy

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[Engine]:
        settings = Settings(sqlite_path=self.folder / "runs.db", allow_cidrs="127.0.0.0/8")
        async with open_engine(
            settings, self.recorder, [self.recorder], policy_book(settings), FileSecrets()
        ) as engine:
            engine.registry.add_states(await engine.store.load_states())
            yield engine
            await engine.drain()

    def _object(self, target: Mapping[str, Any]) -> Mapping[str, Any]:
        http = {"url": f"{self.server.url}/", "timeout": "300ms"}
        retry = {"attempts": 2, "initialDelay": "10ms"}
        return with_metadata(
            {
                "apiVersion": "scrape-operator.dev/v1alpha1",
                "kind": "ScrapeSchedule",
                "metadata": {"name": "shop", "annotations": {REQUEST_ANNOTATION: f"run-{next(self.tokens)}"}},
                "spec": {
                    "interval": "1h",
                    "suspend": True,
                    "targets": [{"name": "shop", "http": http, "retry": retry, **target}],
                },
            }
        )


@pytest.fixture
def pipeline(server: Server, tmp_path: Path, prompt_writes: None) -> Pipeline:
    make_sqlite(tmp_path / "runs.db")
    return Pipeline(server, tmp_path)


MOVED = '<u class="cur">EUR</u><b class="price">{price}</b>'
SILENT: dict[str, tuple[Mapping[str, Any], Answer, Answer, str]] = {
    "renamed class": (HTML_TARGET, html(), html(price='<b class="cost">{price}</b>'), "field price "),
    "renamed class of a required field": (
        REQUIRED,
        html(),
        html(price='<b class="cost">{price}</b>'),
        "8 dropped without price",
    ),
    "dropped column": (CSV_TARGET, as_csv(), as_csv("sku,name,amount"), "field price "),
    "halved list": ({**HTML_TARGET, **DROP}, html(), html(GOODS[:4]), "expect.maxDropPercent"),
    "currency moved": (
        HTML_TARGET,
        html(),
        html(tuple(replace(good, price=good.price[4:]) for good in GOODS), MOVED),
        "field currency ",
    ),
    "login page with 200": (
        HTML_TARGET,
        html(),
        lambda: web.Response(text=LOGIN, content_type="text/html"),
        "The page looks like a login page",
    ),
    "empty JSON list": (JSON_TARGET, as_json(), as_json([]), "data"),
    "date format changed": (HTML_TARGET, html(), html(changed(date="week 48")), "field date "),
    "ambiguous dates": (HTML_TARGET, html(), html(changed(date="03/04/2026")), "field date "),
    "all keys null": (
        JSON_TARGET,
        as_json(),
        as_json([{**record(good), "sku": None} for good in GOODS]),
        "8 dropped without sku",
    ),
    "duplicate keys": (HTML_TARGET, html(), html(changed(sku="x")), "the same extract.key (sku)"),
    "renamed JSON key": (
        JSON_TARGET,
        as_json(),
        as_json([{**record(good), "price": None, "amount": 1} for good in GOODS]),
        "field price ",
    ),
}


@pytest.mark.parametrize("case", SILENT.values(), ids=SILENT.keys())
async def test_a_silent_failure_is_told_by_its_run_and_names_the_field(
    pipeline: Pipeline, case: tuple[Mapping[str, Any], Answer, Answer, str]
) -> None:
    target, usual, broken, named = case
    first, healthy = await pipeline.run(target, usual)
    assert (first.status, healthy) == (RunStatus.SUCCEEDED, "True"), first
    result, healthy = await pipeline.run(target, broken)
    assert result.status is not RunStatus.SUCCEEDED
    assert result.reason in {"SelectorMissed", "ExpectationFailed"}
    assert named in result.message
    assert healthy == "False"
    again, healthy = await pipeline.run(target, usual)
    assert (again.status, healthy) == (RunStatus.SUCCEEDED, "True")


def status(number: int, **headers: str) -> Answer:
    return lambda: web.Response(status=number, headers=headers)


class Broken(web.StreamResponse):
    """An answer whose connection ends before its body does."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        self.content_length = 1000
        writer = await super().prepare(request)
        if request.transport is not None:
            request.transport.close()
        return writer


class Late(web.Response):
    """An answer that comes too late."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        await asyncio.sleep(1)
        return await super().prepare(request)


TRANSIENT: dict[str, tuple[Answer, ...]] = {
    "one 500": (status(500), html()),
    "500": (status(500),),
    "502": (status(502),),
    "503 for a while": (status(503, **{"Retry-After": "0"}), html()),
    "429": (status(429),),
    "404": (status(404),),
    "time-out": (Late,),
    "connection that ends early": (Broken,),
    "body that is cut": (
        lambda: web.Response(body=gzip.compress(b"x" * 99)[:-9], headers={"Content-Encoding": "gzip"}),
    ),
}


@pytest.mark.parametrize("answers", TRANSIENT.values(), ids=TRANSIENT.keys())
async def test_an_error_that_passes_says_nothing_about_the_data(
    pipeline: Pipeline, answers: tuple[Answer, ...]
) -> None:
    await pipeline.run(HTML_TARGET, html())
    result, healthy = await pipeline.run(HTML_TARGET, *answers)
    assert result.reason not in {"SelectorMissed", "ExpectationFailed"}
    assert healthy != "False"
    again, healthy = await pipeline.run(HTML_TARGET, html())
    assert (again.status, healthy) == (RunStatus.SUCCEEDED, "True")


FEATURED = (replace(GOODS[0], badge="new"), *GOODS)
EUROS = tuple(replace(good, price=good.price.replace("EUR ", "EUR 1,0")) for good in GOODS)
LEGITIMATE: dict[str, tuple[Mapping[str, Any], Answer, Answer]] = {
    "other prices": (HTML_TARGET, html(), html(changed(price="EUR 99.00"))),
    "thousands": (HTML_TARGET, html(), html(EUROS)),
    "other order": (HTML_TARGET, html(), html(GOODS[::-1])),
    "one thing sold out": ({**HTML_TARGET, **DROP}, html(), html(GOODS[1:])),
    "two without a price": (HTML_TARGET, html(), html((*GOODS[:6], *changed(price="")[6:]))),
    "a badge that ends": (HTML_TARGET, html(FEATURED[:1] + GOODS[1:]), html()),
    "one item shown twice": (HTML_TARGET, html(), html(FEATURED)),
    "many new things": (HTML_TARGET, html(), html([replace(GOODS[0], name=f"L{n}") for n in range(90)])),
    "another class beside": (HTML_TARGET, html(), html(price='<b class="new price sale">{price}</b>')),
    "a wrapper": (HTML_TARGET, html(), html(price='<div><span><b class="price">{price}</b></span></div>')),
    "white space": (HTML_TARGET, html(), html(price='<b class="price">\n  {price}\t </b>')),
    "another charset": (HTML_TARGET, html(), html(charset="utf-16")),
    "dates in words": (HTML_TARGET, html(), html(changed(date="24 November 2026"))),
    "more keys": (JSON_TARGET, as_json(), as_json([{"extra": [1], **record(good)} for good in GOODS], total=8)),
    "a rare null": (JSON_TARGET, as_json(), as_json([{**record(GOODS[0]), "price": None}, *map(record, GOODS[1:])])),
    "a new column": (CSV_TARGET, as_csv(), as_csv("sku,name,price,stock")),
    "another delimiter": (CSV_TARGET, as_csv(), as_csv("sku;name;price", ";")),
    "an empty list where that is normal": (
        {**JSON_TARGET, "expect": {"minItems": 0}},
        as_json(),
        as_json([]),
    ),
}


@pytest.mark.parametrize("case", LEGITIMATE.values(), ids=LEGITIMATE.keys())
async def test_a_change_that_is_no_failure_raises_nothing(
    pipeline: Pipeline, case: tuple[Mapping[str, Any], Answer, Answer]
) -> None:
    target, usual, other = case
    await pipeline.run(target, usual)
    result, healthy = await pipeline.run(target, other)
    assert (result.status, result.reason, healthy) == (RunStatus.SUCCEEDED, "Succeeded", "True"), result
    result, healthy = await pipeline.run(target, usual)
    assert (result.status, healthy) == (RunStatus.SUCCEEDED, "True")


def test_there_are_twenty_changes_and_errors_without_alarm() -> None:
    assert len(TRANSIENT) + len(LEGITIMATE) >= 20
