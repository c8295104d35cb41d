"""The fields of items: reads the values of one field at every node of a document. Called by `extractor`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scrape_operator.api.kinds.extract import DateOrder, FieldType, FieldValue
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.reader import Page, Selector, SelectorFailed
from scrape_operator.extraction.parents import Parents
from scrape_operator.extraction.selectors.regex import Pattern
from scrape_operator.extraction.values.evidence import THOUSANDS_NOTE, TYPES_WITH_MARKS, with_evidence
from scrape_operator.extraction.values.json_values import clean_text
from scrape_operator.extraction.values.machine_text import MachineText
from scrape_operator.extraction.values.numbers import Mark
from scrape_operator.extraction.values.types import MAX_ITEM_SIZE, Converter, Surroundings, text_of
from scrape_operator.extraction.values.unreadable import Unreadable

MAX_WARNINGS: Final = 20
MAX_WARNING_LENGTH: Final = 256
MISSING: Any = object()
"""The value of a field that was not found; None is a value that was found."""

_SAMPLE_LENGTH: Final = 60
_LONG_TEXT: Final = 256
_ITEM_BYTES: Final = 200
_VALUE_BYTES: Final = 64
"""What Python needs for a dictionary and for a value, beside the characters."""
_AMBIGUOUS_TYPES: Final = TYPES_WITH_MARKS | {FieldType.NUMBER, FieldType.DATE_TIME}


@dataclass(frozen=True, slots=True)
class CompiledField:
    """A field of items, or a link. Without a `selector` it is `known`, or the constant `default`.

    `source` is the selector as the user wrote it. With `parent` it begins so many levels above the item.
    """

    name: str
    type: FieldType
    convert: Converter
    selector: Selector | None = None
    source: str = ""
    parent: int = 0
    pattern: Pattern | None = None
    known: FieldValue | None = None
    many: bool = False
    required: bool = False
    default: JSONValue = None
    decimal_mark: Mark | None = None
    date_order: DateOrder | None = None

    @property
    def value_if_missing(self) -> JSONValue:
        """Return what an item holds where the field was not found."""
        return self.default if self.default is not None or not self.many else []


@dataclass(slots=True)
class Complaints:
    """What went wrong with values, counted by field and kind, each with its first sample."""

    _counts: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def add(self, name: str, what: str, sample: str = "") -> None:
        """Count one more value of the field `name`."""
        count, first = self._counts.get((name, what), (0, sample))
        self._counts[name, what] = count + 1, first

    def warnings(self) -> Iterable[str]:
        """Return one bounded sentence for each kind."""
        for (name, what), (count, sample) in self._counts.items():
            times = f" ({count} times)" if count > 1 else ""
            example = f", such as {sample}" if sample else ""
            yield f"field {name}: {what}{times}{example}"[:MAX_WARNING_LENGTH]


@dataclass(slots=True)
class FieldReader:
    """Reads fields at the nodes of one document."""

    page: Page
    around: Surroundings
    known: Mapping[FieldValue, str | None]
    complaints: Complaints = field(default_factory=Complaints)
    parents: Parents = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to find the parents of items."""
        self.parents = Parents(self.page, self.around.work)

    def column(self, compiled: CompiledField, nodes: Sequence[Any]) -> Sequence[Any]:
        """Return the value of a field at each node, MISSING where there is none."""
        self.around.work.spend(2 * len(nodes))
        if compiled.selector is None:
            return [self._fixed(compiled)] * len(nodes)
        if compiled.parent:
            nodes = [self.parents.of(node, compiled.parent) for node in nodes]
        if compiled.many:
            found = [self._all(compiled, compiled.selector, node) for node in nodes]
        else:
            found = [self._first(compiled, compiled.selector, node) for node in nodes]
        around = self._surroundings(compiled, found)
        if compiled.many:
            return [self._values(compiled, raws, around) for raws in found]
        return [MISSING if raw is None else self._convert(compiled, raw, around) for raw in found]

    def _fixed(self, compiled: CompiledField) -> Any:
        if compiled.known is None:
            return compiled.default
        value = self.known[compiled.known]
        if value is None:
            return MISSING
        if compiled.many:
            return self._values(compiled, [value], self.around)
        return self._convert(compiled, value, self.around)

    def _all(self, compiled: CompiledField, selector: Selector, node: Any) -> Sequence[Any]:
        """Return the raw values of a field with `many` at a node."""
        try:
            raws = selector.values(node, self.page, self.around.work) if self._is_there(compiled, node) else []
        except SelectorFailed as failure:
            self._complain_of_selector(compiled, failure)
            return []
        return [raw for found in raws if (raw := self._filtered(compiled, found)) is not None and raw != ""]

    def _first(self, compiled: CompiledField, selector: Selector, node: Any) -> Any:
        """Return the raw value of a field at a node; None where nothing is found."""
        if compiled.parent and not self._is_there(compiled, node):
            return None
        try:
            if compiled.pattern is not None and compiled.type is not FieldType.JSON:
                return self._first_match(compiled, selector.values(node, self.page, self.around.work))
            found = selector.first(node, self.page, self.around.work)
        except SelectorFailed as failure:
            self._complain_of_selector(compiled, failure)
            return None
        if type(found) is list and compiled.type is not FieldType.JSON:
            found = _first_not_empty(found)
        if compiled.pattern is not None:
            return self._filtered(compiled, found)
        return self._clean(found) if type(found) is str else self._with_origin(compiled, found)

    def _is_there(self, compiled: CompiledField, node: Any) -> bool:
        """Return whether an item has the parent at which a field is read."""
        is_there = node is not None or not compiled.parent
        if not is_there:
            self.complaints.add(compiled.name, f"its item has no parent {compiled.parent} levels above")
        return is_there

    def _complain_of_selector(self, compiled: CompiledField, failure: SelectorFailed) -> None:
        self.complaints.add(compiled.name, f"its selector can't be used: {failure}")

    def _first_match(self, compiled: CompiledField, raws: Iterable[Any]) -> Any:
        """Return what the field's regex chooses from the first value in which that is not empty."""
        return _first_not_empty(self._filtered(compiled, raw) for raw in raws)

    def _filtered(self, compiled: CompiledField, raw: Any) -> Any:
        """Return a raw value clean, stripped and as the field's regex chooses; None where that finds nothing."""
        value = self._clean(raw) if type(raw) is str else self._with_origin(compiled, raw)
        if compiled.pattern is None or value is None:
            return value
        try:
            chosen = compiled.pattern.choose(text_of(value))
        except Unreadable:
            return None
        if chosen is None:
            return None
        return MachineText(chosen.strip()) if type(value) is MachineText else chosen.strip()

    def _with_origin(self, compiled: CompiledField, raw: Any) -> Any:
        """Return a raw value; a MachineText is cleaned, and stays one where numbers may have thousands marks."""
        if type(raw) is not MachineText:
            return raw
        text = self._clean(raw)
        return MachineText(text) if compiled.type in TYPES_WITH_MARKS else text

    def _clean(self, text: str) -> str:
        """Return a text stripped, and without what no database keeps."""
        if len(text) > _LONG_TEXT:
            self.around.work.spend(len(text) // _LONG_TEXT)
        # A text that can be printed has neither a NUL nor a surrogate in it.
        return (text if self.page.is_clean or text.isprintable() else clean_text(text)).strip()

    def _surroundings(self, compiled: CompiledField, found: Sequence[Any]) -> Surroundings:
        """Return how ambiguous values of the field are read in this document."""
        if compiled.type not in _AMBIGUOUS_TYPES or compiled.selector is None:
            return self.around
        around = self.around
        if compiled.decimal_mark is not None:
            around = replace(around, decimal_mark=compiled.decimal_mark)
        if compiled.date_order is not None:
            around = replace(around, dates=replace(around.dates, stated_order=compiled.date_order))
        raws = [raw for each in found for raw in each] if compiled.many else found
        texts = [raw for raw in raws if type(raw) is str]
        self.around.work.spend(len(texts))
        machine_mark = self.page.machine_mark if compiled.selector.is_machine else None
        around, ambiguous = with_evidence(around, compiled.type, texts, machine_mark)
        if ambiguous is not None:
            self.complaints.add(compiled.name, THOUSANDS_NOTE, sample_of(ambiguous))
        return around

    def _values(self, compiled: CompiledField, raws: Sequence[Any], around: Surroundings) -> Any:
        self.around.work.spend(len(raws))
        values = [self._convert(compiled, raw, around) for raw in raws]
        return [value for value in values if value is not MISSING] or MISSING

    def _convert(self, compiled: CompiledField, raw: Any, around: Surroundings) -> Any:
        """Return a raw value as its field's type; MISSING where it is not of it."""
        try:
            return compiled.convert(raw, around)
        except Unreadable as reason:
            why = f": {reason}" if str(reason) else ""
            self.complaints.add(compiled.name, f"can't be read as {compiled.type}{why}", sample_of(raw))
            return MISSING


def check_item_sizes(items: Iterable[Sequence[Any]], around: Surroundings) -> None:
    """Refuse items, given as their values, one of which holds too much. Raises ScrapeFailed and StepBudgetExceeded."""
    for values in items:
        size = 0
        for value in values:
            if value is not MISSING:
                size += _VALUE_BYTES + (len(value) if type(value) is str else _size(value))
        if size > MAX_ITEM_SIZE:
            raise ScrapeFailed(
                Reason.EXTRACTION_ERROR, "an item holds more than 1 MiB: narrow the selectors of its fields"
            )
        around.work.hold(_ITEM_BYTES + size)  # at once: sizing all of them first would be work without a bound


def _first_not_empty(values: Iterable[Any]) -> Any:
    """Return the first value that is neither null nor blank, else the first that is not null; None without one."""
    blank = None
    for value in values:
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return value
        blank = value if blank is None else blank
    return blank


def sample_of(raw: Any) -> str:
    """Return the beginning of a raw value, for a message."""
    if isinstance(raw, str | int | float):
        return repr(str(raw).strip()[:_SAMPLE_LENGTH])
    return "a list" if isinstance(raw, list) else "an object"


def _size(value: JSONValue) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _size(member) for key, member in value.items())
    return 8 + sum(map(_size, value)) if isinstance(value, list) else 8
