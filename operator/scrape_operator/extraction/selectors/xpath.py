"""XPath expressions on lxml trees, also those that CSS selectors are translated to. Made by the formats of markup."""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from lxml import etree, html

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family, Page, SelectorFailed
from scrape_operator.extraction.selectors.origins import is_machine, with_origin
from scrape_operator.extraction.selectors.paths import (
    check_xpath,
    cut_at_descents,
    gives_computed,
    is_linear,
    split_path,
)
from scrape_operator.extraction.step_budget import StepBudget

_STRING: Final = etree.XPath("string()", smart_strings=False)
_COUNT: Final = etree.XPath("count(descendant-or-self::node())", smart_strings=False)
_SAMPLE: Final = html.document_fromstring("<html><body><p>x</p></body></html>")
_MAX_SAMPLED_NESTING: Final = 4
_TEXT_STEP: Final = re.compile(
    r"(?:@[\w:.*-]+|attribute::[\w:.*-]+|text\(\s*\)|attribute::\*\[name\(\) = [^\]]+\])\s*$"
)
_MAX_INTEGER: Final = 2**63
_VISITS_PER_MICROSECOND: Final = 3
"""Nodes that a step visits: the predicate for a CSS class takes 0.3 microseconds."""


class XPathSelector:
    """An XPath 1.0 expression."""

    def __init__(self, family: Family, expression: str, namespaces: Mapping[str, str] | None = None) -> None:
        self.family = family
        self.gives_nodes = _TEXT_STEP.search(expression) is None and not gives_computed(expression)
        self.is_machine = is_machine(expression)
        self.text = expression
        self._is_absolute = expression.startswith("/")
        steps = split_path(expression)
        self.is_linear = steps is not None and is_linear(steps)
        pieces = cut_at_descents(steps) if steps else (expression,)
        *self._through, self._last = (
            _compile(piece, namespaces, smart_strings=self.is_machine is None) for piece in pieces
        )

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Return elements. Raises SelectorFailed."""
        found = self._evaluate(page.root, page, work)
        if not isinstance(found, list):
            raise SelectorFailed(f"it gives a {_kind(found)} and no nodes")
        if not all(etree.iselement(node) for node in found):
            raise SelectorFailed("it gives texts and no nodes")
        if not all(isinstance(node.tag, str) for node in found):
            raise SelectorFailed("it gives comments or processing instructions, which have no fields")
        times_visited = len(found) if _are_nested(found, work) else 1
        work.foresee(times_visited * readings * page.size // _VISITS_PER_MICROSECOND)
        return found

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return texts; of an element it is what stands in it. A number that is whole is an integer."""
        found = self._evaluate(node, page, work)
        if type(found) is list:
            return [value if type(value) is str else _text(value) for value in found]
        value = _computed(found)
        return [] if value is None else [value]

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return the first value that is not blank, else the first one; None where there is none."""
        found = self._evaluate(node, page, work)
        if type(found) is not list:
            return _computed(found)
        texts = (value if type(value) is str else _text(value) for value in found)
        first = next(texts, None)
        return first if first is None or first.strip() else next((text for text in texts if text.strip()), first)

    def _evaluate(self, node: Any, page: Page, work: StepBudget) -> Any:
        if self._is_absolute or node is page.root:
            work.foresee(page.size // _VISITS_PER_MICROSECOND)
        contexts = [node]
        try:
            for piece in self._through:
                contexts = _outermost([found for context in contexts for found in piece(context)], work)
            if len(contexts) == 1:
                return self._last(contexts[0])
            return [found for context in contexts for found in self._last(context)]
        except etree.XPathEvalError as error:
            if lacks_memory(error):
                raise MemoryError from None
            if "memory" in str(error) or "limit" in str(error):
                work.exhaust()
            raise SelectorFailed(str(error)) from None
        except etree.XPathError:
            # More than ten million nodes in a set, or too deep a recursion: libxml2's own limits.
            work.exhaust()


def _outermost(nodes: list[Any], work: StepBudget) -> list[Any]:
    """Drop nodes that are inside others; `nodes` is in document order, so that those follow each other."""
    kept = nodes[:1]
    for node in nodes[1:]:
        if not _is_inside(node, kept[-1], work):
            kept.append(node)
    return kept


def _are_nested(nodes: Sequence[Any], work: StepBudget) -> bool:
    """Whether one of some nodes, which are in document order, is inside another."""
    return any(
        first.getparent() is not second.getparent() and _is_inside(second, first, work)
        for first, second in pairwise(nodes)
    )


def _is_inside(node: Any, outer: Any, work: StepBudget) -> bool:
    steps = 0
    for ancestor in node.iterancestors():
        steps += 1
        if ancestor is outer:
            break
    else:
        outer = None
    work.spend(1 + steps // 10)
    return outer is not None


def _computed(value: Any) -> Any:
    """Return a text, number or boolean as it is kept: a whole number is an integer, and what is no number is None."""
    if not isinstance(value, float):
        return str(value) if isinstance(value, str) else value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _MAX_INTEGER else value


def _text(node: Any) -> str:
    """Return the string value of an element, comment or processing instruction, or the name of a namespace.

    A text of an expression with `smart_strings` gets its origin.
    """
    if isinstance(node, str):
        return with_origin(node)
    if isinstance(node, tuple):
        return str(node[1])
    # lxml evaluates no expression at a comment or a processing instruction; their tags are functions.
    return str(_STRING(node)) if isinstance(node.tag, str) else str(node.text or "")


def _kind(value: object) -> str:
    return "text" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "number"


def lacks_memory(error: etree.LxmlError) -> bool:
    """Return whether an error of libxml2 stands for a lack of memory. Its text is "unknown error" then."""
    last = error.error_log.last_error  # those before it may be of other documents
    return last is not None and last.type == etree.ErrorTypes.ERR_NO_MEMORY


def count_nodes(root: Any) -> int:
    """Count a tree's nodes, attributes aside."""
    return int(_COUNT(root))


def compile_xpath(expression: str, namespaces: Mapping[str, str] | None = None) -> XPathSelector:
    """Compile an XPath 1.0 expression, which may use the prefixes of `namespaces`.

    Raises:
        InvalidValue: it can't be read, or asks for what is not there; the message names the remedy.

    """
    check_xpath(expression, namespaces or ())
    selector = XPathSelector(Family.XPATH, expression, namespaces)
    if expression.count("[") <= _MAX_SAMPLED_NESTING:
        # Nested predicates take exponential time, even on a document as small as this.
        try:
            result = _compile(expression, namespaces)(_SAMPLE)
        except etree.XPathError as error:
            raise InvalidValue(f"not an XPath 1.0 expression: {error}") from None
        selector.gives_nodes &= isinstance(result, list)
    return selector


def _compile(expression: str, namespaces: Mapping[str, str] | None, *, smart_strings: bool = False) -> etree.XPath:
    try:
        return etree.XPath(expression, namespaces=namespaces or None, smart_strings=smart_strings, regexp=False)
    except (etree.XPathError, ValueError) as error:
        raise InvalidValue(f"not an XPath 1.0 expression: {error}") from None
