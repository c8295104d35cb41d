"""Reads the pages of a target: items, and the links that lead on. Made by `compiling`, called by `workers`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from scrape_operator.api.kinds.extract import FieldValue, Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.sentences import join_sentences
from scrape_operator.extraction.field_hints import MAX_HINTED_FIELDS, field_hint
from scrape_operator.extraction.fields import MAX_WARNINGS, MISSING, CompiledField, FieldReader, check_item_sizes
from scrape_operator.extraction.formats.detection import format_of
from scrape_operator.extraction.formats.reader import Reader, Selector, SelectorFailed
from scrape_operator.extraction.formats.registry import is_bounded
from scrape_operator.extraction.items_hints import embedded_hint, items_hint
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded
from scrape_operator.extraction.values.dates import DateContext, format_instant
from scrape_operator.extraction.values.types import Surroundings, leads_nowhere

MAX_ITEMS: Final = 100_000
"""Items of one document."""

REQUIRED_IS_MISSING: Final = (
    "a required value is missing, and so the item is dropped: correct the selector, or set required: false"
)


@dataclass(frozen=True, slots=True)
class PageSelectors:
    """All that is read from a page, compiled for one format; `reader` is None where the format is not known yet.

    `follow` is read at each item, `next_link` and `cursor` at the whole page. A node in which no field is found gives
    an item only with `keeps_empty_items`. `items_source` is the items selector as the user wrote it.
    """

    reader: Reader | None
    items: Selector | None
    fields: Sequence[CompiledField]
    next_link: CompiledField | None = None
    cursor: CompiledField | None = None
    follow: CompiledField | None = None
    keeps_empty_items: bool = False
    items_source: str = ""

    @property
    def is_linear(self) -> bool:
        """Whether the work of the reader and of every selector is linear in the size of the document, or counted."""
        compiled = (*self.fields, self.next_link, self.cursor, self.follow)
        selectors = [self.items, *(each.selector for each in compiled if each is not None)]
        is_bounded = self.reader is None or self.reader.is_bounded
        return is_bounded and all(selector.is_linear for selector in selectors if selector is not None)


class CompiledExtract:
    """Reads documents by one `extract`. `spec` is JSON from which `compiling.recompile` makes the same again."""

    def __init__(
        self, spec: str, format_: Format, selectors: PageSelectors, compile_for: Callable[[Format], PageSelectors]
    ) -> None:
        self.spec = spec
        self._is_linear = selectors.is_linear
        self._format = format_
        self._fields = selectors.fields
        self._compile_for = compile_for
        self._selectors: dict[Format, PageSelectors] = {}
        if format_ is not Format.AUTO:
            self._selectors[format_] = selectors

    def is_bounded(self, document: Document) -> bool:
        """Whether the work on a document is known beforehand to be linear in its size, or is counted."""
        return self._is_linear and is_bounded(self._format_of(document))

    @property
    def empty_item(self) -> dict[str, JSONValue]:
        """Return an item in which no field was found."""
        return {compiled.name: compiled.value_if_missing for compiled in self._fields}

    @property
    def required_fields(self) -> Sequence[str]:
        """Return the names of the fields without which there is no item."""
        return [compiled.name for compiled in self._fields if compiled.required]

    def extract(self, document: Document) -> PageExtraction:
        """Read the items and links of a document.

        Raises:
            ScrapeFailed: DecodeError or ExtractionError.

        """
        try:
            return self.extract_within(document, StepBudget())
        except StepBudgetExceeded:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR, "reading the document takes too much work: use fewer or simpler selectors"
            ) from None

    def extract_within(self, document: Document, work: StepBudget) -> PageExtraction:
        """Read the items and links of a document within a budget.

        Raises:
            ScrapeFailed: DecodeError or ExtractionError.
            StepBudgetExceeded: the budget ended before the document.

        """
        selectors = self._selectors_for(document)
        if selectors.reader is None:
            raise ScrapeFailed(Reason.EXTRACTION_ERROR, "the document has no format that can be read")
        page = selectors.reader.read(document)
        around = Surroundings(
            base_url=page.base_url,
            dates=DateContext(document.time_zone, document.fetched_at or document.scheduled_for, page.language),
            work=work,
        )
        known = {field.known: _known_value(field.known, document) for field in self._fields if field.known}
        return _PageReading(selectors, FieldReader(page, around, known), document).run()

    def _selectors_for(self, document: Document) -> PageSelectors:
        found = self._format_of(document)
        if found not in self._selectors:
            self._selectors[found] = self._compile_for(found)
        return self._selectors[found]

    def _format_of(self, document: Document) -> Format:
        if self._format is not Format.AUTO:
            return self._format
        return format_of(document.content_type, document.body)


class _PageReading:
    """One parsed document being read."""

    def __init__(self, selectors: PageSelectors, reader: FieldReader, document: Document) -> None:
        self._selectors = selectors
        self._fields = selectors.fields
        self._names = [compiled.name for compiled in self._fields]
        self._required = [index for index, compiled in enumerate(self._fields) if compiled.required]
        self._selected = [index for index, compiled in enumerate(self._fields) if compiled.selector is not None]
        if selectors.keeps_empty_items:
            self._selected = []
        self._reader = reader
        self._page = reader.page
        self._wants_hints = document.wants_hints

    def run(self) -> PageExtraction:
        nodes = self._nodes()
        columns = [self._reader.column(compiled, nodes) for compiled in self._fields]
        lacking: dict[str, int] = {}
        kept: list[Any] = []
        rows: list[Sequence[Any]] = []
        for node, values in zip(nodes, zip(*columns, strict=True), strict=True):
            if MISSING not in values or self._is_kept(values, lacking):
                kept.append(node)
                rows.append(values)
        check_item_sizes(rows, self._reader.around)
        missing: dict[str, int] = {}
        items = [self._item(values, missing) for values in rows]
        dropped = sum(lacking.values())
        warnings = [*self._page.warnings]
        if empty := len(nodes) - len(items) - dropped:
            warnings.append(f"{empty} of {len(nodes)} nodes have none of the fields, and give no item")
        links = self._selectors
        return PageExtraction(
            items=items,
            matched=len(nodes),
            dropped=dropped + self._page.lost,
            missing=missing,
            lacking=lacking,
            next_link=self._link(links.next_link, self._page.root) if links.next_link else None,
            cursor=self._cursor(links.cursor) if links.cursor else None,
            follow_links=[self._link(links.follow, node) for node in kept] if links.follow else [],
            warnings=tuple([*warnings, *self._reader.complaints.warnings()][:MAX_WARNINGS]),
            hint="" if items else self._hint(nodes, lacking),
            field_hints=self._field_hints(kept[0], missing, len(items)) if items and self._wants_hints else {},
        )

    def _field_hints(self, node: Any, missing: Mapping[str, int], count: int) -> Mapping[str, str]:
        """Return why fields were found in none of so many items, by what the first one has."""
        nowhere = [compiled for compiled in self._fields if compiled.selector and missing.get(compiled.name) == count]
        hints = {compiled.name: self._field_hint(compiled, node) for compiled in nowhere[:MAX_HINTED_FIELDS]}
        return {name: hint for name, hint in hints.items() if hint}

    def _field_hint(self, compiled: CompiledField, node: Any) -> str:
        reader, work = self._selectors.reader, self._reader.around.work
        if reader is None:
            return ""
        with suppress(StepBudgetExceeded):
            at = self._reader.parents.of(node, compiled.parent) if compiled.parent else node
            return field_hint(compiled, at, self._page, reader, work)
        return ""

    def _hint(self, nodes: Sequence[Any], lacking: Mapping[str, int]) -> str:
        """Return why there is no item: by a field where there are nodes, else by the items selector."""
        first = next((compiled for compiled in self._fields if compiled.selector), None)
        required = (compiled for compiled in self._fields if lacking.get(compiled.name) == len(nodes))
        explained = next(required, None if lacking else first)
        selectors, hints = self._selectors, []
        if nodes:
            hints.append(self._named_hint(explained, nodes[0]))
        elif selectors.items is not None and selectors.reader is not None:
            family, work = selectors.items.family, self._reader.around.work
            hints.append(items_hint(family, selectors.items_source, self._page, selectors.reader, work))
        return join_sentences([*hints, embedded_hint(self._page)])

    def _named_hint(self, compiled: CompiledField | None, node: Any) -> str:
        hint = "" if compiled is None else self._field_hint(compiled, node)
        return f"field {compiled.name}: {hint}" if compiled is not None and hint else ""

    def _is_kept(self, values: Sequence[Any], lacking: dict[str, int]) -> bool:
        """Return whether a node gives an item although fields were not found; count required ones in `lacking`."""
        if self._selected and all(values[index] is MISSING for index in self._selected):
            return False
        for index in self._required:
            if values[index] is MISSING:
                name = self._fields[index].name
                self._reader.complaints.add(name, REQUIRED_IS_MISSING)
                lacking[name] = lacking.get(name, 0) + 1
                return False
        return True

    def _nodes(self) -> Sequence[Any]:
        if self._selectors.items is None:
            return self._page.nodes
        try:
            nodes = self._selectors.items.nodes(self._page, self._reader.around.work, readings=len(self._fields))
        except SelectorFailed as failure:
            raise ScrapeFailed(Reason.EXTRACTION_ERROR, f"the items selector can't be used: {failure}") from None
        if len(nodes) > MAX_ITEMS:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR,
                f"the items selector gives {len(nodes)} nodes, and a document may have {MAX_ITEMS} items: narrow it",
            )
        return nodes

    def _item(self, values: Sequence[Any], missing: dict[str, int]) -> dict[str, JSONValue]:
        item = dict(zip(self._names, values, strict=True))
        if MISSING in values:
            for compiled, value in zip(self._fields, values, strict=True):
                if value is MISSING:
                    missing[compiled.name] = missing.get(compiled.name, 0) + 1
                    item[compiled.name] = compiled.value_if_missing
        return item

    def _link(self, link: CompiledField, node: Any) -> str | None:
        [value] = self._reader.column(link, [node])
        return None if value is MISSING or leads_nowhere(str(value)) else str(value)

    def _cursor(self, cursor: CompiledField) -> str | None:
        [value] = self._reader.column(cursor, [self._page.root])
        # Some APIs write false where there is no next page.
        return None if value is MISSING or value in {"", "false"} else str(value)


def _known_value(known: FieldValue, document: Document) -> str | None:
    if known is FieldValue.PAGE_URL:
        return document.url.partition("#")[0]
    at = document.scheduled_for if known is FieldValue.SCHEDULED_FOR else document.fetched_at
    return format_instant(at) if at else None
