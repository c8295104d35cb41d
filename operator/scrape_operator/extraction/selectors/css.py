"""CSS selectors, translated to XPath. Made by the formats of markup.

cssselect has no lists in `:not()` and no combinators in `:is()`. Both are taken out of the selector before cssselect
parses it, and put back as conditions.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from cssselect import ExpressionError, SelectorError
from cssselect.parser import CombinedSelector, Element, Function, FunctionalPseudoElement, parse
from parsel.csstranslator import GenericTranslator, HTMLTranslator, XPathExpr

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family
from scrape_operator.extraction.selectors.paths import check_xpath
from scrape_operator.extraction.selectors.xpath import XPathSelector

_LIST: Final = re.compile(r":(not|is|where|matches)\(", re.IGNORECASE)
_QUOTED: Final = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.""", re.DOTALL)
_ELEMENT: Final = re.compile(r"(?:^|[\s>+~,(])([A-Za-z][\w-]*)[^\s>+~,(]*$")
_ARGUMENT: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_COMBINATOR: Final = re.compile(r"[\s>+~]")
_REVERSED: Final = {
    " ": "ancestor::*",
    ">": "parent::*",
    "+": "preceding-sibling::*[1]",
    "~": "preceding-sibling::*",
}


class _Lists:
    """The selector lists of one selector; `:any-of(n)` and `:none-of(n)` stand for the n-th."""

    def __init__(self) -> None:
        self.alternatives: list[list[str]] = []

    def take_out(self, selector: str, element: str = "") -> str:
        """Replace every list, inner ones first.

        `element` is the name of the element that the selector is a condition for: `li` for what is in `li:not(…)`.
        """
        element = element if _is_compound(selector) else ""
        taken: list[str] = []
        position = 0
        while found := self._next_list(selector, position):
            end = _closing(selector, found.end())
            name = _element_before("".join(taken) + selector[position : found.start()], element)
            texts = _split(selector[found.end() : end])
            self.alternatives.append([_with_element(self.take_out(text, name), name) for text in texts])
            kind = "none-of" if found[1].lower() == "not" else "any-of"
            taken.append(f"{selector[position : found.start()]}:{kind}({len(self.alternatives) - 1})")
            position = end + 1
        return "".join(taken) + selector[position:]

    @staticmethod
    def _next_list(selector: str, position: int) -> re.Match[str] | None:
        while found := _LIST.search(selector, position):
            quoted = _QUOTED.search(selector, position)
            if quoted is None or quoted.start() > found.start():
                return found
            position = max(quoted.end(), position + 1)
        return None


def _closing(text: str, position: int) -> int:
    """Return where the parenthesis that was opened before `position` is closed."""
    depth = 1
    while position < len(text):
        quoted = _QUOTED.match(text, position)
        if quoted is None:
            depth += {"(": 1, ")": -1}.get(text[position], 0)
            if depth == 0:
                return position
        position = quoted.end() if quoted else position + 1
    raise InvalidValue("not a CSS selector: a parenthesis is not closed")


def _split(text: str) -> list[str]:
    """Split a selector list at its commas."""
    parts, start, position, depth = [], 0, 0, 0
    while position < len(text):
        quoted = _QUOTED.match(text, position)
        if quoted is None:
            char = text[position]
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
            if char == "," and depth == 0:
                parts.append(text[start:position])
                start = position + 1
        position = quoted.end() if quoted else position + 1
    return [*parts, text[start:]]


def _with_element(selector: str, element: str) -> str:
    """Return `:first-of-type` in `li:not(:first-of-type)` as `li:first-of-type`: cssselect needs the name to count."""
    text = selector.strip()
    return element + text if "-of-type" in text and _is_compound(text) and text[0] in ":.#[" else selector


def _is_compound(selector: str) -> bool:
    """Return whether a selector has no combinator: it is a condition for one element."""
    return not _COMBINATOR.search(_without_arguments(selector.strip()))


def _element_before(text: str, outer: str) -> str:
    """Return the name of the element that a pseudo-class after `text` is a condition for, or an empty text.

    `outer` is the name for a selector that has none itself. An open parenthesis is that of `:has()`, which is about
    other elements.
    """
    plain = _without_arguments(text)
    found = _ELEMENT.search(plain)
    return found[1] if found else "" if "(" in plain else outer


def _without_arguments(text: str) -> str:
    """Return a selector without what stands in parentheses and brackets that are closed."""
    plain, before = _QUOTED.sub("", text), ""
    while plain != before:
        before, plain = plain, _ARGUMENT.sub("", plain)
    return plain


class _ListTranslator(GenericTranslator):
    """Translates one selector whose lists were taken out."""

    def __init__(self, lists: _Lists) -> None:
        super().__init__()
        self._lists = lists

    def xpath_any_of_function(self, xpath: XPathExpr, function: Function) -> XPathExpr:
        xpath.add_condition(self._any_of(function))
        return xpath

    def xpath_none_of_function(self, xpath: XPathExpr, function: Function) -> XPathExpr:
        xpath.add_condition(f"not({self._any_of(function)})")
        return xpath

    def _any_of(self, function: Function) -> str:
        alternatives = self._lists.alternatives[int(function.arguments[0].value or 0)]
        return " or ".join(f"({self._condition(_one(text))})" for text in alternatives)

    def _condition(self, tree: Any) -> str:
        """Return the condition under which an element matches a whole selector, its combinators read backwards."""
        if isinstance(tree, CombinedSelector):
            left = f"{_REVERSED[tree.combinator]}[{self._condition(tree.selector)}]"
            return f"{self._condition(tree.subselector)} and {left}"
        simple = self.xpath(tree)
        simple.add_name_test()
        return f"({simple.condition})" if simple.condition else "true()"


def _one(text: str) -> Any:
    [selector] = parse(text)
    if selector.pseudo_element:
        raise ExpressionError("::text and ::attr(name) stand at the end of a selector, not inside :is() or :not()")
    return selector.parsed_tree


class _HTMLTranslator(_ListTranslator, HTMLTranslator):
    """HTML: names of elements and attributes in any case."""

    def xpath_attr_functional_pseudo_element(self, xpath: Any, function: FunctionalPseudoElement) -> XPathExpr:
        found = super().xpath_attr_functional_pseudo_element(xpath, function)
        found.attribute = found.attribute.lower() if found.attribute else None
        return found


class _XMLExpr(XPathExpr):
    """An expression whose element may have its name in a predicate, so that `:nth-of-type()` counts by the name."""

    def add_name_test(self) -> None:
        """Move the name to the condition."""
        if self.element.startswith("*["):
            self.add_condition(self.element.removeprefix("*[").removesuffix("]"))
            self.element = "*"
        super().add_name_test()


class _XMLTranslator(_ListTranslator):
    """XML: a name stands for elements that are written without a prefix, whatever their namespace is."""

    def xpath_element(self, selector: Element) -> XPathExpr:
        xpath = _XMLExpr.from_xpath(super().xpath_element(selector))
        if selector.element and not selector.namespace:
            xpath.element = f"*[name() = {self.xpath_literal(selector.element)}]"
        return xpath


def translate_css(selector: str, *, is_html: bool) -> str:
    """Translate a CSS selector to XPath, with ::text and ::attr(name) at its end.

    Raises:
        InvalidValue: it can't be read; the message names the remedy.

    """
    lists = _Lists()
    try:
        taken = lists.take_out(selector)
        translator = _HTMLTranslator(lists) if is_html else _XMLTranslator(lists)
        return str(translator.css_to_xpath(taken))
    except InvalidValue:
        raise
    except ExpressionError as error:
        if "-of-type" in str(error):
            raise InvalidValue(f"{error}: write the element's name before it, such as li:first-of-type") from None
        raise InvalidValue(f"{error}; of pseudo-elements there are ::text and ::attr(name)") from None
    except (SelectorError, ValueError) as error:
        raise InvalidValue(f"not a CSS selector: {error}") from None
    except RecursionError:
        raise InvalidValue("nested too deeply: write a simpler selector") from None


def compile_css(selector: str, *, is_html: bool = True, namespaces: Mapping[str, str] | None = None) -> XPathSelector:
    """Compile a CSS selector. Raises InvalidValue."""
    path = translate_css(selector, is_html=is_html)
    if not is_html:
        check_xpath(path, namespaces or ())
    return XPathSelector(Family.CSS, path, namespaces)
