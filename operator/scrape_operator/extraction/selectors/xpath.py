"""CSS and XPath selectors on lxml trees. Called by `selecting`, at compile time, and by `compiled` for every item."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from cssselect import ExpressionError, SelectorError
from lxml import etree, html
from parsel.csstranslator import HTMLTranslator

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family, Page, SelectorFailed
from scrape_operator.extraction.selectors.xpath_shapes import shape_of
from scrape_operator.extraction.step_budget import StepBudget

_TRANSLATOR: Final = HTMLTranslator()
_STRING: Final = etree.XPath("string()", smart_strings=False)
_COUNT: Final = etree.XPath("count(descendant-or-self::node())", smart_strings=False)
_SAMPLE: Final = html.document_fromstring("<html><body><p>x</p></body></html>")
_TEXT_STEP: Final = re.compile(r"(?:@[\w:.*-]+|attribute::[\w:.*-]+|text\(\s*\))\s*$")
_NODE_NS: Final = 5


class XPathSelector:
    """An XPath 1.0 expression.

    A path is evaluated step by step where it descends, and of nested nodes only the outermost one goes
    on: the result is the same, and the work is linear where libxml2's own would be cubic.
    """

    def __init__(self, family: Family, expression: str, *, gives_nodes: bool) -> None:
        self.family = family
        self.gives_nodes = gives_nodes
        self._shape = shape_of(expression, from_css=family is Family.CSS)
        compiled = [_compile(piece) for piece in self._shape.pieces]
        *self._through, self._last = compiled
        shape = self._shape
        self._is_simple = shape.degree == 1 and not (shape.pieces[1:] or shape.escapes or shape.looks_beside)

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Give elements. Raises SelectorFailed."""
        found = self._evaluate(page.root, page, work)
        if not isinstance(found, list):
            raise SelectorFailed(f"it gives a {_kind(found)} and no nodes")
        if found and not all(isinstance(node, etree._Element) for node in found):  # noqa: SLF001 -- its only name
            raise SelectorFailed("it gives texts and no nodes")
        if _are_nested(found, work):
            work.foresee(len(found) * readings * page.size * _NODE_NS // 1000)
        return found

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Give texts; of an element it is what stands in it. A number that is whole is an integer."""
        found = self._found(node, page, work)
        if type(found) is list:
            return [value if type(value) is str else _text(value) for value in found]
        value = _computed(found)
        return [] if value is None else [value]

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Give the first of the values, None where there is none."""
        found = self._found(node, page, work)
        if type(found) is not list:
            return _computed(found)
        if not found:
            return None
        return found[0] if type(found[0]) is str else _text(found[0])

    def _found(self, node: Any, page: Page, work: StepBudget) -> Any:
        if self._is_simple and node is not page.root:
            return self._last(node)
        return self._evaluate(node, page, work)

    def _evaluate(self, node: Any, page: Page, work: StepBudget) -> Any:
        self._foresee(node, page, work)
        contexts = [node]
        try:
            for step in self._through:
                contexts = _outermost([found for context in contexts for found in step(context)], work)
            if len(contexts) == 1:
                return self._last(contexts[0])
            return [found for context in contexts for found in self._last(context)]
        except etree.XPathError:
            # More than ten million nodes in a set, or too deep a recursion: libxml2's own limits.
            work.exhaust()

    def _foresee(self, node: Any, page: Page, work: StepBudget) -> None:
        shape = self._shape
        if shape.escapes or node is page.root:
            work.foresee(shape.nanoseconds(page.size) // 1000)
        elif shape.degree > 1 or shape.looks_beside:
            work.foresee((shape.nanoseconds(count_nodes(node)) + _NODE_NS * page.size) // 1000)


def _outermost(nodes: list[Any], work: StepBudget) -> list[Any]:
    """Drop nodes that are inside others; `nodes` is in document order, so that those follow each other."""
    if len(nodes) < 2:  # noqa: PLR2004 -- nothing to compare
        return nodes
    kept: list[Any] = []
    for node in nodes:
        if not kept or not _is_inside(node, kept[-1], work):
            kept.append(node)
    return kept


def _is_inside(node: Any, outer: Any, work: StepBudget) -> bool:
    steps = 0
    for ancestor in node.iterancestors():
        steps += 1
        if ancestor is outer:
            work.spend(1 + steps // 10)
            return True
    work.spend(1 + steps // 10)
    return False


def _are_nested(nodes: Sequence[Any], work: StepBudget) -> bool:
    """Whether one of some nodes, which are in document order, is inside another."""
    return any(
        first.getparent() is not second.getparent() and _is_inside(second, first, work)
        for first, second in pairwise(nodes)
    )


def _computed(value: Any) -> Any:
    """Give a text, number or boolean as it is kept: a whole number is an integer, and what is no number is None."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**63 else value


def _text(node: Any) -> str:
    """Give the string value of an element, comment or processing instruction, or the name of a namespace."""
    return str(node[1]) if isinstance(node, tuple) else str(_STRING(node))


def _kind(value: object) -> str:
    return "text" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "number"


def count_nodes(root: Any) -> int:
    """Count a tree's nodes, attributes aside."""
    return int(_COUNT(root))


def compile_css(expression: str) -> XPathSelector:
    """Compile a CSS selector, with ::text and ::attr(name) at its end.

    Raises:
        InvalidValue: it can't be read; the message names the remedy.

    """
    try:
        path = _TRANSLATOR.css_to_xpath(expression)
    except ExpressionError as error:
        raise InvalidValue(f"{error}; of pseudo-elements there are ::text and ::attr(name)") from None
    except (SelectorError, ValueError) as error:
        raise InvalidValue(f"not a CSS selector: {error}") from None
    except RecursionError:
        raise InvalidValue("nested too deeply: write a simpler selector") from None
    return XPathSelector(Family.CSS, path, gives_nodes=not _gives_text(path))


def compile_xpath(expression: str) -> XPathSelector:
    """Compile an XPath 1.0 expression.

    Raises:
        InvalidValue: it can't be read, or asks for what is not there; the message names the remedy.

    """
    selector = XPathSelector(Family.XPATH, expression, gives_nodes=not _gives_text(expression))
    try:
        result = etree.XPath(expression, smart_strings=False, regexp=False)(_SAMPLE)
    except etree.XPathError as error:
        raise InvalidValue(f"not an XPath 1.0 expression: {error}") from None
    selector.gives_nodes &= isinstance(result, list)
    return selector


def _gives_text(path: str) -> bool:
    return _TEXT_STEP.search(path) is not None


def _compile(expression: str) -> etree.XPath:
    try:
        return etree.XPath(expression, smart_strings=False, regexp=False)
    except (etree.XPathError, ValueError) as error:
        raise InvalidValue(f"not an XPath 1.0 expression: {error}") from None
