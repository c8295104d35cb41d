"""Reads the pages of a target: items, and the links that lead on. Made by `compiling`, called by `workers`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from scrape_operator.api.kinds.extract import FieldValue, Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.fields import MAX_WARNINGS, MISSING, CompiledField, FieldReader, check_item_size
from scrape_operator.extraction.formats.detection import format_of
from scrape_operator.extraction.formats.reader import Family, Page, Reader, ReaderOptions, Selector, SelectorFailed
from scrape_operator.extraction.formats.registry import READABLE, make_reader
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded
from scrape_operator.extraction.values.dates import format_instant
from scrape_operator.extraction.values.types import Surroundings

MAX_ITEMS: Final = 100_000
"""Items of one document."""


@dataclass(frozen=True, slots=True)
class Links:
    """The selectors of links that a page may hold. `follow` is read at each item, the others at the whole page."""

    next_link: CompiledField | None = None
    cursor: CompiledField | None = None
    follow: CompiledField | None = None

    def __iter__(self) -> Iterator[CompiledField]:
        return (link for link in (self.next_link, self.cursor, self.follow) if link is not None)


class CompiledExtract:
    """Reads documents by one `extract`. `spec` is JSON from which `compiling.recompile` makes the same again."""

    def __init__(
        self,
        spec: str,
        options: ReaderOptions,
        items: Selector | None,
        fields: Sequence[CompiledField],
        links: Links | None = None,
    ) -> None:
        self.spec = spec
        self._options = options
        self._items = items
        self._fields = tuple(fields)
        self._links = links or Links()
        self._known = frozenset(compiled.known for compiled in fields if compiled.known is not None)
        self._readers: dict[Format, Reader] = {}

    @property
    def empty_item(self) -> dict[str, JSONValue]:
        """Return an item in which no field was found."""
        return {compiled.name: compiled.value_if_missing for compiled in self._fields}

    def extract(self, document: Document) -> PageExtraction:
        """Read a document.

        Raises:
            ScrapeFailed: DecodeError or ExtractionError.

        """
        try:
            return self.read(self.open(document), document, StepBudget())
        except StepBudgetExceeded:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR, "reading the document takes too much work: use fewer or simpler selectors"
            ) from None

    def open(self, document: Document) -> Page:
        """Parse a document.

        Raises:
            ScrapeFailed: DecodeError or ExtractionError.

        """
        return self._reader(document).read(document)

    def read(self, page: Page, document: Document, work: StepBudget) -> PageExtraction:
        """Read the items and links of a parsed document.

        Raises:
            ScrapeFailed: ExtractionError.
            StepBudgetExceeded: the budget ended before the document.

        """
        around = Surroundings(
            base_url=page.base_url,
            language=page.language,
            zone=document.time_zone,
            now=document.fetched_at or document.scheduled_for,
            work=work,
        )
        reader = FieldReader(page, around, {known: _known_value(known, document) for known in self._known})
        return self._extraction(reader, self._nodes(page, work))

    def _extraction(self, reader: FieldReader, nodes: Sequence[Any]) -> PageExtraction:
        columns = [reader.column(compiled, nodes) for compiled in self._fields]
        items: list[Mapping[str, JSONValue]] = []
        kept: list[Any] = []
        missing: dict[str, int] = {}
        for node, values in zip(nodes, zip(*columns, strict=True), strict=True):
            if self._is_dropped(values, reader):
                continue
            check_item_size(values, reader.around)
            items.append(self._item(values, missing))
            kept.append(node)
        links = self._links
        return PageExtraction(
            items=items,
            matched=len(nodes),
            dropped=len(nodes) - len(items),
            missing=missing,
            next_link=_link(links.next_link, reader, reader.page.root),
            cursor=_cursor(links.cursor, reader),
            follow_links=[_link(links.follow, reader, node) for node in kept] if links.follow else [],
            warnings=tuple([*reader.page.warnings, *reader.complaints.warnings()][:MAX_WARNINGS]),
        )

    def _is_dropped(self, values: Sequence[Any], reader: FieldReader) -> bool:
        for compiled, value in zip(self._fields, values, strict=True):
            if compiled.required and value is MISSING:
                reader.complaints.add(compiled.name, "a required value is missing, and so the item is dropped")
                return True
        return False

    def _item(self, values: Sequence[Any], missing: dict[str, int]) -> dict[str, JSONValue]:
        item = {}
        for compiled, value in zip(self._fields, values, strict=True):
            if value is MISSING:
                missing[compiled.name] = missing.get(compiled.name, 0) + 1
            item[compiled.name] = compiled.value_if_missing if value is MISSING else value
        return item

    def _nodes(self, page: Page, work: StepBudget) -> Sequence[Any]:
        if self._items is None:
            return page.nodes
        try:
            nodes = self._items.nodes(page, work, readings=len(self._fields))
        except SelectorFailed as failure:
            raise ScrapeFailed(Reason.EXTRACTION_ERROR, f"the items selector can't be used: {failure}") from None
        if len(nodes) > MAX_ITEMS:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR,
                f"the items selector gives {len(nodes)} nodes, and a document may have {MAX_ITEMS} items: narrow it",
            )
        return nodes

    def _reader(self, document: Document) -> Reader:
        found = self._options.format
        if found is Format.AUTO:
            found = format_of(document.content_type, document.body)
        if found not in self._readers:
            if found not in READABLE:
                raise ScrapeFailed(
                    Reason.EXTRACTION_ERROR,
                    f"the document is {found}, and what can be read is {', '.join(READABLE)}: "
                    "set extract.format if it is one of these, or choose another address",
                )
            reader = make_reader(found, self._options)
            if misfit := self._misfit(reader):
                raise ScrapeFailed(Reason.EXTRACTION_ERROR, misfit)
            self._readers[found] = reader
        return self._readers[found]

    def _misfit(self, reader: Reader) -> str | None:
        """Return which selector is of another family than the reader's, None where each fits."""
        uses: list[tuple[str, Family]] = [("items", self._items.family)] if self._items else []
        uses += [(f"field {known.name}", known.selector.family) for known in self._fields if known.selector]
        uses += [(link.name, link.selector.family) for link in self._links if link.selector]
        for where, family in uses:
            if family not in reader.families:
                return (
                    f"{where} has a {family} selector, and the document is {reader.format}: "
                    f"use {' or '.join(sorted(reader.families))}, or set extract.format"
                )
        return None


def _link(link: CompiledField | None, reader: FieldReader, node: Any) -> str | None:
    if link is None:
        return None
    [value] = reader.column(link, [node])
    if value is MISSING:
        return None
    if urlsplit(value).scheme not in {"http", "https"}:
        reader.complaints.add(link.name, "is no http or https address", repr(value[:60]))
        return None
    return str(value)


def _cursor(cursor: CompiledField | None, reader: FieldReader) -> str | None:
    if cursor is None:
        return None
    [value] = reader.column(cursor, [reader.page.root])
    return None if value is MISSING or value == "" else str(value)


def _known_value(known: FieldValue, document: Document) -> str | None:
    if known is FieldValue.PAGE_URL:
        return document.url.partition("#")[0]
    at = document.scheduled_for if known is FieldValue.SCHEDULED_FOR else document.fetched_at
    return format_instant(at) if at else None
