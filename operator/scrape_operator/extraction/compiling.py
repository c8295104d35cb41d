"""Compiles the `extract` of a target, and its links, to what reads documents. Called by planning and by workers."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.extract import DecimalMark, Extract, Field, FieldType, Format
from scrape_operator.api.kinds.extract import Selector as SelectorSpec
from scrape_operator.api.kinds.paginate import NextLink
from scrape_operator.api.kinds.target import Follow, Target
from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.extractor import CompiledExtract, PageSelectors
from scrape_operator.extraction.fields import CompiledField
from scrape_operator.extraction.formats.charsets import codec_of
from scrape_operator.extraction.formats.embedded import EmbeddedReader
from scrape_operator.extraction.formats.reader import Family, Reader, ReaderOptions, Selector
from scrape_operator.extraction.formats.registry import READABLE, families_of, format_with, make_reader
from scrape_operator.extraction.selectors.links import LinkSelector
from scrape_operator.extraction.selectors.regex import Pattern, compile_pattern
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded
from scrape_operator.extraction.values.numbers import Mark
from scrape_operator.extraction.values.types import CONVERTERS, Converter, Surroundings, keep_json, read_link
from scrape_operator.extraction.values.unreadable import Unreadable

_S = TypeVar("_S")
_T = TypeVar("_T")

_PRIMARY: Final = (Family.CSS, Family.XPATH, Family.JMESPATH, Family.COLUMN, Family.GROUP)
_PYTHON_TYPES: Final[Mapping[FieldType, tuple[type, ...]]] = {
    FieldType.STRING: (str,),
    FieldType.INTEGER: (int,),
    FieldType.DECIMAL: (str, int, float),
    FieldType.NUMBER: (int, float),
    FieldType.BOOLEAN: (bool,),
    FieldType.DATE_TIME: (str,),
    FieldType.URL: (str,),
}

_MARKS: Final[Mapping[DecimalMark, Mark]] = {DecimalMark.POINT: ".", DecimalMark.COMMA: ","}

_shared: WeakValueDictionary[str, CompiledExtract] = WeakValueDictionary()
"""The compiled extracts in use, by their specs: thousands of schedules often differ in their addresses alone."""


class PageSpec(ApiModel):
    """All that a target reads from one page. Its JSON is what workers compile from."""

    extract: Extract
    next_link: NextLink | None = None
    cursor: SelectorSpec | None = None
    follow_link: SelectorSpec | None = None
    keeps_empty_items: bool = False


@dataclass(frozen=True, slots=True)
class TargetExtracts:
    """The compiled extracts of a target: of its pages, and of the detail documents that `follow` asks for."""

    page: CompiledExtract
    detail: CompiledExtract | None = None


def compile_target(target: Target, path: str) -> tuple[TargetExtracts | None, tuple[Finding, ...]]:
    """Compile every selector, regular expression, default and constant of a target that has an `extract`.

    `path` is where the target stands in its object, such as `spec.targets[0]`. With any finding the first part is
    None. Extracts that are the same share what they were compiled to.
    """
    if target.extract is None:
        return None, (Finding(f"{path}.extract", "is required beside http: say which fields are read"),)
    paginate, follow = target.paginate, target.follow
    next_link = paginate.next_link if paginate and paginate.next_link and not paginate.next_link.link_header else None
    spec = PageSpec(
        extract=target.extract,
        next_link=next_link,
        cursor=paginate.cursor.from_ if paginate and paginate.cursor else None,
        follow_link=follow.link if follow else None,
    )
    page, findings = compile_page(spec, path)
    detail, more = _compile_detail(follow, path) if follow else (None, ())
    if page is None or findings or more:
        return None, (*findings, *more)
    return TargetExtracts(page, detail), ()


def recompile(spec: str) -> CompiledExtract:
    """Return what the `spec` of a compiled extract was compiled to."""
    compiled, findings = compile_page(PageSpec.model_validate_json(spec), "")
    if compiled is None:
        raise ValueError(f"a spec that was compiled before is refused: {findings}")
    return compiled


def _compile_detail(follow: Follow, path: str) -> tuple[CompiledExtract | None, tuple[Finding, ...]]:
    if not follow.fields:
        return None, ()
    detail, findings = compile_page(PageSpec(extract=Extract(fields=follow.fields), keeps_empty_items=True), path)
    return detail, tuple(
        Finding(found.path.replace(f"{path}.extract", f"{path}.follow"), found.message) for found in findings
    )


def compile_page(spec: PageSpec, path: str) -> tuple[CompiledExtract | None, tuple[Finding, ...]]:
    """Compile what is read from one page; `path` is where its target stands.

    With any finding the first part is None.
    """
    text = spec.model_dump_json(by_alias=True, exclude_unset=True)
    shared = _shared.get(text)
    if shared is not None:
        return shared, ()
    format_ = _format_of(spec.extract)
    compiler = _Compiler(spec, format_)
    selectors = compiler.compile(path)
    if compiler.findings:
        return None, tuple(compiler.findings)
    compiled = _shared[text] = CompiledExtract(text, format_, selectors, partial(_compile_for, spec))
    return compiled, ()


def _format_of(extract: Extract) -> Format:
    """Return the format of an extract; beside `embedded`, Auto is JSON."""
    return Format.JSON if extract.embedded is not None and extract.format is Format.AUTO else extract.format


def _compile_for(spec: PageSpec, found: Format) -> PageSelectors:
    """Compile for the format of a document. Raises ScrapeFailed where its selectors are of another one."""
    compiler = _Compiler(spec, found)
    selectors = compiler.compile("")
    if compiler.findings:
        wrong = compiler.findings[0]
        path = wrong.path.removeprefix(".")
        raise ScrapeFailed(Reason.EXTRACTION_ERROR, f"the document is {found}: {path}: {wrong.message}"[:300])
    return selectors


def selector_of(spec: SelectorSpec | Field | NextLink) -> tuple[Family, Any] | None:
    """Return family and text of a selector, None for `value` and `const`; a regex counts where it stands alone."""
    for family in (*_PRIMARY, Family.REGEX):
        text = getattr(spec, family.value, None)
        if text is not None:
            return family, text
    return None


def _source(spec: SelectorSpec | None) -> str:
    """Return a selector as the user wrote it."""
    given = selector_of(spec) if spec is not None else None
    return str(given[1]) if given else ""


class _Compiler:
    """Compiles a page's selectors for one format. For Auto, each is checked by the first format that has its family."""

    def __init__(self, spec: PageSpec, format_: Format) -> None:
        self.findings: list[Finding] = []
        self._spec = spec
        self._format = format_
        self._options = ReaderOptions(
            numbers_as_written=any(field.type is FieldType.DECIMAL for field in spec.extract.fields),
            namespaces={namespace.prefix: namespace.uri for namespace in spec.extract.namespaces},
            csv=spec.extract.csv,
            items_regex=spec.extract.items.regex if spec.extract.items else None,
        )

    def compile(self, path: str) -> PageSelectors:
        """Compile everything; `path` is where the target stands. Findings are collected."""
        extract = self._spec.extract
        if self._format is not Format.AUTO and self._format not in READABLE:
            self._find(
                f"{path}.extract.format", f"{self._format} can't be read: use one of Auto, {', '.join(READABLE)}"
            )
        return PageSelectors(
            reader=self._reader(f"{path}.extract"),
            items=self._items(extract.items, f"{path}.extract.items") if extract.items else None,
            fields=tuple(
                self._field(field, f"{path}.extract.fields[{index}]") for index, field in enumerate(extract.fields)
            ),
            next_link=self._link(self._spec.next_link, FieldType.URL, path, "paginate.nextLink"),
            cursor=self._link(self._spec.cursor, FieldType.STRING, path, "paginate.cursor.from"),
            follow=self._link(self._spec.follow_link, FieldType.URL, path, "follow.link"),
            keeps_empty_items=self._spec.keeps_empty_items,
            items_source=_source(extract.items),
        )

    def _reader(self, path: str) -> Reader | None:
        extract = self._spec.extract
        if extract.csv and extract.csv.encoding and codec_of(extract.csv.encoding) is None:
            self._find(f"{path}.csv.encoding", "no known encoding: use a label of the web, such as windows-1252")
        if self._format not in READABLE:
            return None
        reader = make_reader(self._format, self._options)
        if extract.embedded is None:
            return reader
        return self._try(f"{path}.embedded", lambda spec: EmbeddedReader(spec, reader, self._options), extract.embedded)

    def _link(
        self, spec: SelectorSpec | NextLink | None, type_: FieldType, target: str, name: str
    ) -> CompiledField | None:
        if spec is None:
            return None
        selector = self._selector(spec, f"{target}.{name}")
        if type_ is not FieldType.URL:
            return CompiledField(name, type_, CONVERTERS[type_], selector)
        return CompiledField(name, type_, read_link, selector and self._link_selector(selector))

    def _link_selector(self, selector: Selector) -> Selector:
        """Return a selector of addresses: where it gives elements, as `a.next` does, those that they link to."""
        format_ = self._format_for(Family.XPATH)
        if format_ is None or selector.family not in {Family.CSS, Family.XPATH} or not selector.gives_nodes:
            return selector
        compile_xpath = partial(make_reader(format_, self._options).compile, Family.XPATH)
        return LinkSelector(selector, compile_xpath, is_html=format_ is Format.HTML)

    def _items(self, spec: SelectorSpec, path: str) -> Selector | None:
        selector = self._selector(spec, path)
        if selector is not None and not selector.gives_nodes:
            family = selector.family
            remedy = "remove ::text or ::attr()" if family is Family.CSS else "end it at an element"
            self._find(f"{path}.{family}", f"an item is a node, and this gives text: {remedy}")
        return selector

    def _field(self, spec: Field, path: str) -> CompiledField:
        given = selector_of(spec)
        convert = CONVERTERS[spec.type]
        if given and given[0] is Family.JMESPATH and spec.type is FieldType.JSON:
            convert = keep_json
        is_filter = given is not None and given[0] is not Family.REGEX
        default = self._constant(spec, path) if given is None and spec.value is None else self._default(spec, path)
        return CompiledField(
            name=spec.name,
            type=spec.type,
            convert=convert,
            selector=self._selector(spec, path),
            source=str(given[1]) if given else "",
            parent=spec.parent or 0,
            pattern=self._pattern(spec.regex, f"{path}.regex") if spec.regex is not None and is_filter else None,
            known=spec.value,
            many=spec.many and (given is not None or spec.value is not None),
            required=spec.required,
            default=default,
            decimal_mark=_MARKS[spec.decimal_mark] if spec.decimal_mark else None,
            date_order=spec.date_order,
        )

    def _selector(self, spec: SelectorSpec | Field | NextLink, path: str) -> Selector | None:
        given = selector_of(spec)
        if given is None:
            return None
        family, text = given
        path = f"{path}.{family}"
        format_ = self._format_for(family)
        if format_ is None:
            self._find(path, f"no format that can be read has {family} selectors")
        elif families := families_of(format_):
            if family in families:
                reader = make_reader(format_, self._options)
                return self._try(path, lambda selector: reader.compile(family, selector), text)
            use = " or ".join(sorted(families))
            self._find(
                path, f"{self._format} has no {family} selectors: use {use}, or set extract.format to another format"
            )
        return None

    def _format_for(self, family: Family) -> Format | None:
        """Return the format by which a selector is checked; prefixes of namespaces mean that documents may be XML."""
        if self._format is not Format.AUTO:
            return self._format
        return Format.XML if self._options.namespaces and family is Family.XPATH else format_with(family)

    def _pattern(self, expression: str, path: str) -> Pattern | None:
        return self._try(path, compile_pattern, expression)

    def _try(self, path: str, compile_: Callable[[_S], _T], source: _S) -> _T | None:
        try:
            return compile_(source)
        except InvalidValue as error:
            self._find(path, str(error))
            return None

    def _find(self, path: str, message: str) -> None:
        self.findings.append(Finding(path, message))

    def _default(self, spec: Field, path: str) -> JSONValue:
        if spec.default is None:
            return None
        path = f"{path}.default"
        if not spec.many:
            return self._of_type(spec.default, spec.type, path)
        if not isinstance(spec.default, list):
            self._find(path, "must be a list, since the field has many: true")
            return None
        return [self._of_type(member, spec.type, path) for member in spec.default]

    def _constant(self, spec: Field, path: str) -> JSONValue:
        # A type is what a found text is read as; the default type says nothing about a constant.
        if spec.type is FieldType.STRING:
            found: JSONValue = spec.const
            return found
        if spec.many and isinstance(spec.const, list):
            return [self._of_type(member, spec.type, f"{path}.const") for member in spec.const]
        return self._of_type(spec.const, spec.type, f"{path}.const")

    def _of_type(self, value: Any, type_: FieldType, path: str) -> JSONValue:
        convert: Converter = keep_json if type_ is FieldType.JSON else CONVERTERS[type_]
        if type_ not in _PYTHON_TYPES or type(value) in _PYTHON_TYPES[type_]:
            with suppress(Unreadable, StepBudgetExceeded):
                # Dates in words are too costly here, and no good as defaults.
                return convert(value, Surroundings(work=StepBudget.for_event_loop()))
        self._find(path, f"{str(value)[:40]!r} is no {type_}: write a value of the field's type")
        return None
