"""JSON-LD, microdata and RDFa of an HTML page, or a JSON-LD document, as one list of objects. Made by `registry`.

JSON-LD scripts are read here: extruct gives up at the first broken one. Microdata is read by extruct.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Final, NoReturn

from lxml import etree, html

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.detection import format_of, looks_like_json
from scrape_operator.extraction.formats.html import HTMLReader
from scrape_operator.extraction.formats.json import JMESPathReader, to_utf8
from scrape_operator.extraction.formats.rdfa import rdfa_objects
from scrape_operator.extraction.formats.reader import Page, ReaderOptions
from scrape_operator.extraction.formats.vocabulary import described
from scrape_operator.extraction.selectors.regex import compile_for_bytes
from scrape_operator.extraction.values.json_values import WrittenFloat

_WRAPPED: Final = compile_for_bytes(
    rb"(?s)^(?:\xef\xbb\xbf)?\s*(?:<!--|(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?)?(.*?)(?:(?://\s*)?-->|(?://|/\*)?\s*\]\]>(?:\s*\*/)?)?"
    rb"\s*;?\s*$"
)
_MAX_WARNINGS: Final = 5
_MAX_DEPTH: Final = 64


class JSONLDReader(JMESPathReader):
    """Reads the objects that a page describes itself with, or those of a JSON-LD document."""

    format: ClassVar = Format.JSONLD
    is_bounded: ClassVar = False

    def __init__(self, options: ReaderOptions) -> None:
        self._html = HTMLReader(options)
        self._numbers_as_written = options.numbers_as_written

    def read(self, document: Document) -> Page:
        """Read a document. A script that can't be read is a warning. Raises ScrapeFailed."""
        if not looks_like_json(document.content_type, document.body):
            return self._read_html(document)
        try:
            objects = list(_flattened(self._parse(to_utf8(document).decode())))
        except (RecursionError, ValueError) as error:
            if format_of(document.content_type, b"") is Format.HTML:
                return self._read_html(document)  # a page that begins with the braces of a template
            message = f"the document can't be read as JSON-LD: {_fault_of(error)}"[:300]
            raise ScrapeFailed(Reason.DECODE_ERROR, message) from None
        return Page(root=objects, nodes=objects, base_url=document.url)

    def _read_html(self, document: Document) -> Page:
        page = self._html.read(document)
        warnings: list[str] = []
        objects = [
            *self._scripts(page.root, warnings),
            *_all_or_warning("microdata", _microdata, page, warnings),
            *_all_or_warning("RDFa", rdfa_objects, page, warnings),
        ]
        return Page(
            root=objects,
            nodes=objects,
            base_url=page.base_url,
            language=page.language,
            warnings=warnings[:_MAX_WARNINGS],
        )

    def _scripts(self, root: Any, warnings: list[str]) -> Iterator[dict[str, Any]]:
        for number, script in enumerate(root.iter("script"), 1):
            if (script.get("type") or "").partition(";")[0].strip().lower() != "application/ld+json":
                continue
            try:
                yield from _flattened(self._parse(script.text or ""))
            except (RecursionError, ValueError) as error:
                warnings.append(f"script {number} has no JSON-LD that can be read: {_fault_of(error)}"[:200])

    def _parse(self, text: str) -> Any:
        inner = _WRAPPED.search(text.encode("utf-8", "replace"))[1].decode("utf-8", "replace")
        if not inner.strip():
            raise ValueError("it is empty")
        parse_float = WrittenFloat if self._numbers_as_written else None
        return json.loads(inner, strict=False, parse_float=parse_float, parse_constant=_refuse)


def _fault_of(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _flattened(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the objects of arrays and of @graph, at the top only."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        for member in value:
            yield from _flattened(member, depth + 1)
    elif isinstance(value, dict):
        graph = value.get("@graph")
        if isinstance(graph, list | dict):
            yield from _flattened(graph, depth + 1)
        else:
            yield value


@cache
def _microdata_extractor() -> Any:
    """Import extruct when the first page needs it."""
    return import_module("extruct.w3cmicrodata").MicrodataExtractor(nested=True)


def _all_or_warning(
    kind: str, read: Callable[[Any, str], Iterator[dict[str, Any]]], page: Page, warnings: list[str]
) -> list[dict[str, Any]]:
    """Return all that one extractor finds. extruct raises many errors for broken pages: they become a warning."""
    try:
        return list(read(page.root, page.base_url))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        warnings.append(f"the page has {kind} that can't be read: {error}"[:200])
        return []


def _microdata(root: Any, base_url: str) -> Iterator[dict[str, Any]]:
    if root.find(".//*[@itemscope]") is None:
        return
    # extruct removes elements by a method that only elements of lxml.html have.
    root = html.document_fromstring(etree.tostring(root, encoding="unicode"))
    for item in _microdata_extractor().extract_items(root, base_url):
        yield _from_microdata(item)


def _from_microdata(item: Any) -> Any:
    """Return an item of microdata as an object of JSON-LD: {type, id, properties} become members."""
    if isinstance(item, list):
        return [_from_microdata(member) for member in item]
    if not isinstance(item, dict) or "properties" not in item:
        return item
    types = item.get("type")
    names = [name for name in (types if isinstance(types, list) else [types]) if name]
    properties = {name: _from_microdata(value) for name, value in item["properties"].items()}
    return described(names, item.get("id")) | properties
