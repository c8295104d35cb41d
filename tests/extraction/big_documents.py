"""Big documents for `test_goldens`: each is made by code, and so are the items that it must give."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MIB = 2**20


@dataclass(frozen=True)
class Big:
    """A document of many items. `body` makes it, `item` says what item `number` must be."""

    extract: Mapping[str, Any]
    content_type: str
    count: int
    body: Callable[[], bytes]
    item: Callable[[int], Mapping[str, Any]]


def name_of(number: int) -> str:
    """Return a name with letters of several scripts, which also depends on the number."""
    return f"Lampe é 灯 {number} مصباح"


def price_of(number: int) -> str:
    return f"{number % 997}.{number % 100:02}"


def fill(number: int, size: int) -> str:
    """Return a text that no item needs: most of a page is markup and words."""
    return (f"words {number} of a description that nobody selects. " * (size // 40 + 1))[:size]


def joined(head: str, rows: Callable[[], Iterable[str]], tail: str, least: int) -> Callable[[], bytes]:
    """Return what makes a document of rows, which has at least so many bytes."""

    def make() -> bytes:
        body = (head + "".join(rows()) + tail).encode()
        assert len(body) >= least
        return body

    return make


FIELD = {"id": "Integer", "name": "String", "price": "Decimal"}


def fields(kind: str, **selectors: str) -> list[dict[str, Any]]:
    return [{"name": name, kind: selector, "type": FIELD[name]} for name, selector in selectors.items()]


def item(number: int) -> dict[str, Any]:
    return {"id": number, "name": name_of(number), "price": price_of(number)}


def html_rows(count: int, size: int) -> Iterable[str]:
    for number in range(count):
        yield (
            f'<article class="product" data-id="{number}"><h2>{name_of(number)}</h2>'
            f'<div><p class="text">{fill(number, size)}</p>'
            f'<span class="price">{price_of(number)} EUR</span></div></article>\n'
        )


def xml_rows(count: int, size: int) -> Iterable[str]:
    for number in range(count):
        yield (
            f'<p id="{number}"><name>{name_of(number)}</name><price>{price_of(number)}</price>'
            f"<text>{fill(number, size)}</text></p>\n"
        )


def json_rows(count: int, size: int, mark: str) -> Iterable[str]:
    for number in range(count):
        row = {"id": number, "name": name_of(number), "price": price_of(number), "text": fill(number, size)}
        yield json.dumps(row, ensure_ascii=number % 2 == 0) + (mark if number < count - 1 else "")


def csv_rows(count: int, size: int) -> Iterable[str]:
    for number in range(count):
        yield f'{number};"{name_of(number)}";{price_of(number)};"{fill(number, size)}"\r\n'


HTML = {
    "items": {"css": "article.product"},
    "fields": [
        {"name": "id", "css": "::attr(data-id)", "type": "Integer"},
        *fields("css", name="h2::text", price=".price::text"),
    ],
    "key": ["id"],
}
BIG: dict[str, Big] = {
    "HTML, 2 MB": Big(
        HTML,
        "text/html; charset=utf-8",
        1000,
        joined("<html lang=en>", lambda: html_rows(1000, 2000), "</html>", 2 * MIB),
        item,
    ),
    "HTML, 20 MB": Big(
        HTML,
        "text/html; charset=utf-8",
        8000,
        joined("<html lang=en>", lambda: html_rows(8000, 2500), "</html>", 20 * MIB),
        item,
    ),
    "XML, 5 MB": Big(
        {
            "items": {"xpath": "/list/p"},
            "fields": fields("xpath", id="@id", name="name/text()", price="price/text()"),
            "key": ["id"],
        },
        "application/xml",
        10_000,
        joined('<?xml version="1.0"?><list>', lambda: xml_rows(10_000, 480), "</list>", 5 * MIB),
        item,
    ),
    "JSON, 10 MB": Big(
        {
            "items": {"jmespath": "data"},
            "fields": fields("jmespath", id="id", name="name", price="price"),
            "key": ["id"],
        },
        "application/json",
        10_000,
        joined('{"data":[', lambda: json_rows(10_000, 960, ","), "]}", 10 * MIB),
        item,
    ),
    "NDJSON, 20 MB": Big(
        {"fields": fields("jmespath", id="id", name="name", price="price"), "key": ["id"]},
        "application/x-ndjson",
        20_000,
        joined("", lambda: json_rows(20_000, 960, "\n"), "\n", 20 * MIB),
        item,
    ),
    "CSV, 8 MB": Big(
        {
            "format": "CSV",
            "fields": fields("column", id="id", name="name", price="price"),
            "key": ["id"],
        },
        "text/csv; charset=utf-8",
        20_000,
        joined("id;name;price;text\r\n", lambda: csv_rows(20_000, 380), "", 8 * MIB),
        item,
    ),
}
