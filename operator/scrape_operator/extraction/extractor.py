"""The compiled `extract` of a target: an Extractor. Made by `compiling`, called by `workers` and by the CLI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scrape_operator.api.kinds.extract import FieldType, FieldValue, Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Document, Extraction
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.detection import READERS, format_of
from scrape_operator.extraction.formats.reader import Family, Page, Reader, Selector, SelectorFailed
from scrape_operator.extraction.selectors.regex import Pattern
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded
from scrape_operator.extraction.values.dates import format_instant
from scrape_operator.extraction.values.json_values import clean_text
from scrape_operator.extraction.values.types import MAX_ITEM_SIZE, Converter, Surroundings, Unparsable, text_of

MAX_ITEMS: Final = 100_000
"""Items of one document."""

MAX_WARNINGS: Final = 20
MAX_WARNING_LENGTH: Final = 256
_SAMPLE_LENGTH: Final = 60
_LONG_TEXT: Final = 256
_MISSING: Any = object()
"""A value that is not there, where null may be one."""


@dataclass(frozen=True, slots=True)
class CompiledField:
    """A field, ready to be read. Without a `selector` it is `known`, or the constant `default`."""

    name: str
    type: FieldType
    convert: Converter
    family: Family | None = None
    selector: Selector | None = None
    pattern: Pattern | None = None
    known: FieldValue | None = None
    many: bool = False
    required: bool = False
    default: JSONValue = None


class CompiledExtract:
    """Reads the items of documents by one `extract`; `spec` is its JSON, from which it can be compiled anew."""

    def __init__(self, spec: str, format_: Format, items: Selector | None, fields: Sequence[CompiledField]) -> None:
        self.spec = spec
        self._format = format_
        self._items = items
        self._fields = tuple(fields)
        self._numbers_as_written = any(known.type is FieldType.DECIMAL for known in fields)
        self._known = frozenset(known.known for known in fields if known.known is not None)
        self._misfits = {reader.format: self._misfit(reader) for reader in READERS.values()}

    def extract(self, document: Document) -> Extraction:
        """Read the items of a document.

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
        """Parse a document; where it is HTML, most of this lets other threads run.

        Raises:
            ScrapeFailed: DecodeError or ExtractionError.

        """
        reader = self._reader(document)
        return reader.read(document, numbers_as_written=self._numbers_as_written)

    def read(self, page: Page, document: Document, work: StepBudget) -> Extraction:
        """Read the items of a document that is open.

        Raises:
            ScrapeFailed: ExtractionError.
            StepBudgetExceeded: the work is done before the document is.

        """
        around = Surroundings(
            base_url=page.base_url,
            language=page.language,
            zone=document.time_zone,
            now=document.fetched_at or document.scheduled_for,
            work=work,
        )
        reading = _Reading(self._fields, page, around, {known: _known_value(known, document) for known in self._known})
        return reading.run(self._nodes(page, work))

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
        found = self._format
        if found is Format.AUTO:
            found = format_of(document.content_type, document.body)
        reader = READERS.get(found)
        if reader is None:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR,
                f"the document is {found}, and what can be read is {', '.join(READERS)}: "
                "set extract.format if it is one of these, or choose another address",
            )
        if misfit := self._misfits[reader.format]:
            raise ScrapeFailed(Reason.EXTRACTION_ERROR, misfit)
        return reader

    def _misfit(self, reader: Reader) -> str | None:
        """Say which selector is of another family than a reader's; None where each fits."""
        uses = [("items", self._items.family)] if self._items else []
        uses += [(f"field {known.name}", known.family) for known in self._fields if known.family]
        for where, family in uses:
            if family not in reader.families:
                return (
                    f"{where} has a {family} selector, and the document is {reader.format}: "
                    f"use {' or '.join(sorted(reader.families))}, or set extract.format"
                )
        return None


def _known_value(known: FieldValue, document: Document) -> str | None:
    if known is FieldValue.PAGE_URL:
        return document.url.partition("#")[0]
    at = document.scheduled_for if known is FieldValue.SCHEDULED_FOR else document.fetched_at
    return format_instant(at) if at else None


@dataclass(slots=True)
class _Reading:
    """One document being read: what is found, and what is told about it."""

    fields: Sequence[CompiledField]
    page: Page
    around: Surroundings
    known: Mapping[FieldValue, str | None]
    missing: dict[str, int] = field(default_factory=dict)
    complaints: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def run(self, nodes: Sequence[Any]) -> Extraction:
        self.around.work.spend(2 * len(self.fields) * len(nodes))
        items = [item for node in nodes if (item := self._item(node)) is not None]
        return Extraction(
            items=items,
            matched=len(nodes),
            dropped=len(nodes) - len(items),
            missing=self.missing,
            warnings=self._warnings(),
        )

    def _item(self, node: Any) -> Mapping[str, JSONValue] | None:
        item: dict[str, JSONValue] = {}
        absent = []
        size = 0
        for known in self.fields:
            value = self._value(known, node)
            if value is _MISSING:
                if known.required:
                    self._complain(known.name, "a required value is missing, and so the item is dropped", "")
                    return None
                absent.append(known.name)
                value = known.default if known.default is not None or not known.many else []
            else:
                size += len(value) if type(value) is str else _size(value)
            item[known.name] = value
        self._check_size(size)
        for name in absent:
            self.missing[name] = self.missing.get(name, 0) + 1
        return item

    def _check_size(self, size: int) -> None:
        if size > MAX_ITEM_SIZE:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR, "an item holds more than 1 MiB: narrow the selectors of its fields"
            )
        self.around.work.hold(size)

    def _value(self, known: CompiledField, node: Any) -> Any:
        """Give what a field is at a node, or _MISSING."""
        selector = known.selector
        if selector is None:
            return self._fixed(known)
        try:
            if known.many:
                return self._converted(known, selector.values(node, self.page, self.around.work)) or _MISSING
            found = selector.first(node, self.page, self.around.work)
        except SelectorFailed as failure:
            self._complain(known.name, f"its selector can't be used: {failure}", "")
            return _MISSING
        if type(found) is list and known.type is not FieldType.JSON:
            found = next((member for member in found if member is not None), None)
        return _MISSING if found is None else self._convert(known, found)

    def _fixed(self, known: CompiledField) -> Any:
        if known.known is None:
            return known.default
        value = self.known[known.known]
        if value is None:
            return _MISSING
        return (self._converted(known, [value]) or _MISSING) if known.many else self._convert(known, value)

    def _converted(self, known: CompiledField, found: Sequence[Any]) -> list[JSONValue]:
        self.around.work.spend(len(found))
        return [value for raw in found if (value := self._convert(known, raw)) is not _MISSING]

    def _convert(self, known: CompiledField, raw: Any) -> Any:
        """Read a value as its field's type; _MISSING where it is none of it, or its regex finds nothing."""
        try:
            value = raw
            if type(value) is str:
                if len(value) > _LONG_TEXT:
                    self.around.work.spend(len(value) // _LONG_TEXT)
                # What can be printed has neither a NUL nor a surrogate in it.
                value = (value if self.page.is_clean or value.isprintable() else clean_text(value)).strip()
            if known.pattern is not None:
                value = _filtered(known.pattern, value)
            if value is None or (known.many and value == ""):
                return _MISSING
            return known.convert(value, self.around)
        except Unparsable:
            self._complain(known.name, f"can't be read as {known.type}", _sample(raw))
            return _MISSING

    def _complain(self, name: str, what: str, sample: str) -> None:
        count, first = self.complaints.get((name, what), (0, sample))
        self.complaints[name, what] = count + 1, first

    def _warnings(self) -> Sequence[str]:
        told = []
        for (name, what), (count, sample) in self.complaints.items():
            times = f" ({count} times)" if count > 1 else ""
            such = f", such as {sample}" if sample else ""
            told.append(f"field {name}: {what}{times}{such}"[:MAX_WARNING_LENGTH])
        return tuple([*self.page.warnings, *told][:MAX_WARNINGS])


def _filtered(pattern: Pattern, value: Any) -> str | None:
    """Let the field's regex choose from a text; None where that finds nothing."""
    chosen = pattern.choose(text_of(value))
    return None if chosen is None else chosen.strip()


def _sample(raw: Any) -> str:
    if isinstance(raw, str | int | float):
        return repr(str(raw).strip()[:_SAMPLE_LENGTH])
    return "a list" if isinstance(raw, list) else "an object"


def _size(value: JSONValue) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _size(member) for key, member in value.items())
    return 8 + sum(map(_size, value)) if isinstance(value, list) else 8
