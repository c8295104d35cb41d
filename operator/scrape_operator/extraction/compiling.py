"""From a spec's `extract` to what reads documents by it. Called once per generation, by `lint`, and by workers."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from scrape_operator.api.kinds.extract import Extract, Field, FieldType, Format
from scrape_operator.api.kinds.extract import Selector as SelectorSpec
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.extraction.extractor import CompiledExtract, CompiledField
from scrape_operator.extraction.formats.detection import READERS
from scrape_operator.extraction.formats.reader import Family, Selector
from scrape_operator.extraction.selectors.jmespath import compile_jmespath
from scrape_operator.extraction.selectors.regex import Pattern, compile_pattern
from scrape_operator.extraction.selectors.xpath import compile_css, compile_xpath
from scrape_operator.extraction.step_budget import INLINE, StepBudget, StepBudgetExceeded
from scrape_operator.extraction.values.types import CONVERTERS, Converter, Surroundings, Unparsable, keep_json

_T = TypeVar("_T")

_COMPILERS: Final[Mapping[Family, Callable[[str], Selector]]] = {
    Family.CSS: compile_css,
    Family.XPATH: compile_xpath,
    Family.JMESPATH: compile_jmespath,
}
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


_shared: WeakValueDictionary[str, CompiledExtract] = WeakValueDictionary()
"""What is in use, by its spec: thousands of schedules often differ in their addresses alone."""


def compile_extract(extract: Extract, path: str) -> tuple[CompiledExtract | None, tuple[Finding, ...]]:
    """Compile every selector, regular expression, default and constant.

    `path` is where the extract stands in its object, such as `spec.targets[0].extract`. With any
    finding there is nothing to run. Extracts that are the same share what they were compiled to.
    """
    spec = extract.model_dump_json(by_alias=True, exclude_unset=True)
    shared = _shared.get(spec)
    if shared is not None:
        return shared, ()
    compiler = _Compiler(extract)
    items = compiler.items(extract.items, f"{path}.items") if extract.items else None
    fields = [compiler.field(spec, f"{path}.fields[{index}]") for index, spec in enumerate(extract.fields)]
    compiler.check_format(f"{path}.format")
    if compiler.findings:
        return None, tuple(compiler.findings)
    compiled = _shared[spec] = CompiledExtract(spec, extract.format, items, fields)
    return compiled, ()


def selector_of(spec: SelectorSpec | Field) -> tuple[Family, Any] | None:
    """Give the family and the text of a selector, None for `value` and `const`; a regex counts where it is alone."""
    for family in (*_PRIMARY, Family.REGEX):
        text = getattr(spec, family.value, None)
        if text is not None:
            return family, text
    return None


class _Compiler:
    def __init__(self, extract: Extract) -> None:
        self.findings: list[Finding] = []
        self._format = extract.format

    def check_format(self, path: str) -> None:
        if self._format is not Format.AUTO and self._format not in READERS:
            self._find(path, f"{self._format} can't be read: use one of Auto, {', '.join(READERS)}")

    def items(self, spec: SelectorSpec, path: str) -> Selector | None:
        selector = self._selector(spec, path)
        if selector is not None and not selector.gives_nodes:
            family = selector.family
            remedy = "remove ::text or ::attr()" if family is Family.CSS else "end it at an element"
            self._find(f"{path}.{family}", f"an item is a node, and this gives text: {remedy}")
        return selector

    def field(self, spec: Field, path: str) -> CompiledField:
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
            family=given[0] if given else None,
            selector=self._selector(spec, path),
            pattern=self._pattern(spec.regex, f"{path}.regex") if spec.regex is not None and is_filter else None,
            known=spec.value,
            many=spec.many and (given is not None or spec.value is not None),
            required=spec.required,
            default=default,
        )

    def _selector(self, spec: SelectorSpec | Field, path: str) -> Selector | None:
        given = selector_of(spec)
        if given is None:
            return None
        family, text = given
        path = f"{path}.{family}"
        reader = READERS.get(self._format)
        if reader is not None and family not in reader.families:
            use = " or ".join(sorted(reader.families))
            self._find(path, f"{self._format} has no {family} selectors: use {use}, or another format")
        elif family not in _COMPILERS:
            self._find(path, f"no format that can be read has {family} selectors: use one of {', '.join(_COMPILERS)}")
        else:
            return self._try(path, _COMPILERS[family], text)
        return None

    def _pattern(self, expression: str, path: str) -> Pattern | None:
        return self._try(path, compile_pattern, expression)

    def _try(self, path: str, compile_: Callable[[str], _T], text: str) -> _T | None:
        try:
            return compile_(text)
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
            with suppress(Unparsable, StepBudgetExceeded):
                # Dates in words are too costly here, and no good as defaults.
                return convert(value, Surroundings(work=StepBudget(INLINE, trusts_estimates=True)))
        self._find(path, f"{str(value)[:40]!r} is no {type_}: write a value of the field's type")
        return None
