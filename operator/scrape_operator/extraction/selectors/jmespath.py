"""JMESPath on JSON values, with its work counted. Made by the formats of JSON values.

An expression can double a list with every few characters (`[@, @][] | [@, @][]`). So the interpreter counts what it
visits and builds, and the values that it compares or writes.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import jmespath
from jmespath import exceptions
from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family, Page, SelectorFailed
from scrape_operator.extraction.step_budget import StepBudget

_MAX_DEPTH: Final = 64
_NAMES: Final = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(\[\*\])?", re.ASCII)
_FUNCTIONS: Final = Functions()
_OPTIONS: Final = Options(custom_functions=_FUNCTIONS)
_WALKING: Final = frozenset({"to_string", "contains"})
"""Functions that go through all that their arguments hold."""


class JMESPathSelector:
    """A JMESPath expression."""

    family = Family.JMESPATH
    gives_nodes = True
    is_linear = True
    is_machine = True

    def __init__(self, text: str, parsed: dict[str, Any]) -> None:
        self.text = text
        self._parsed = parsed
        names = _NAMES.fullmatch(text)
        self._names = names[1].split(".") if names else None
        self._is_list = bool(names and names[2])

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Return one node for each member of a list that is not null; anything else is one node, null is none."""
        return _members(self.first(page.root, page, work))

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return the one value found, or the members of a list; null is none."""
        return _members(self.first(node, page, work))

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return the value found: text, number, boolean, object or list; None for null."""
        if self._names is not None:
            # A name takes the interpreter 15 times as long.
            for name in self._names:
                node = node.get(name) if type(node) is dict else None
            return self._list(node, work) if self._is_list else node
        try:
            return _CountingInterpreter(work).visit(self._parsed, node)
        except exceptions.JMESPathTypeError as error:
            # Its own text may hold the whole document.
            raise SelectorFailed(f"{error.function_name}() can't take {_article(error.actual_type)}") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SelectorFailed(f"its functions can't take what is there ({type(error).__name__})") from None
        except RecursionError:
            work.exhaust()

    @staticmethod
    def _list(found: Any, work: StepBudget) -> Sequence[Any] | None:
        """Return the members of a list but null, as `[*]` does; None for what is no list."""
        if type(found) is not list:
            return None
        work.spend(2 * len(found))
        return _members(found)


def _members(found: Any) -> Sequence[Any]:
    """Return the members of a list but null, or the one value that is found."""
    if type(found) is list:
        return [member for member in found if member is not None]
    return [] if found is None else [found]


class _CountingInterpreter(TreeInterpreter):
    def __init__(self, work: StepBudget) -> None:
        super().__init__(_OPTIONS)
        self._work = work

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._work.spend(2)
        return getattr(self, "visit_" + node["type"])(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        size = sum(len(member) if isinstance(member, list) else 1 for member in base)
        self._build(size)
        merged: list[Any] = []
        for member in base:
            merged.extend(member if isinstance(member, list) else (member,))
        return merged

    def visit_slice(self, node: Any, value: Any) -> Any:
        self._build(len(value) if isinstance(value, list) else 0)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        if isinstance(left, dict | list) and isinstance(right, dict | list):
            self._weigh(left)
            self._weigh(right)
        literals: list[Any] = [{"type": "literal", "value": side, "children": []} for side in (left, right)]
        known: Any = {**node, "children": literals}
        return super().visit_comparator(known, value)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        name = node["value"]
        for argument in arguments:
            if isinstance(argument, str | dict | list):
                self._build(len(argument))
            if name in _WALKING:
                self._weigh(argument)
        if name == "join" and all(isinstance(argument, str | list) for argument in arguments):
            separator, parts = arguments
            self._build(sum(len(part) + len(separator) for part in parts if isinstance(part, str)))
        return _FUNCTIONS.call_function(name, arguments)

    def _build(self, size: int) -> None:
        self._work.hold(size)
        self._work.spend(size // 20)

    def _weigh(self, value: Any) -> None:
        """Count what a value holds, each time that it holds it: a list may hold another one many times."""
        waiting = [value]
        while waiting:
            member = waiting.pop()
            if isinstance(member, str):
                self._build(len(member))
            elif isinstance(member, dict | list):
                self._build(64 * len(member))
                waiting.extend(member.values() if isinstance(member, dict) else member)


def compile_jmespath(expression: str) -> JMESPathSelector:
    """Compile a JMESPath expression.

    Raises:
        InvalidValue: it can't be read, or calls what is not there; the message names the remedy.

    """
    try:
        with warnings.catch_warnings():
            # Strings in backticks without quotes are old syntax, and still right.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            parsed: dict[str, Any] = dict(jmespath.compile(expression).parsed)
        _check(parsed)
    except exceptions.JMESPathError as error:
        raise InvalidValue(f"not a JMESPath expression: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InvalidValue("nested too deeply: write a simpler expression") from None
    return JMESPathSelector(expression, parsed)


def _check(parsed: Mapping[str, Any]) -> None:
    for node, depth in _walk(parsed, 0):
        if depth > _MAX_DEPTH:
            raise RecursionError
        if node["type"] == "function_expression":
            _check_call(node["value"], len(node["children"]))


def _check_call(name: str, given: int) -> None:
    known: Mapping[str, Any] = _FUNCTIONS.FUNCTION_TABLE
    if name not in known:
        raise InvalidValue(f"{name}() is no function of JMESPath: use one of {', '.join(sorted(known))}")
    signature = known[name]["signature"]
    takes_more = bool(signature and signature[-1].get("variadic"))
    if given < len(signature) or (given > len(signature) and not takes_more):
        raise InvalidValue(f"{name}() takes {len(signature)} arguments and got {given}")


def _walk(node: Mapping[str, Any], depth: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    yield node, depth
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _walk(child, depth + 1)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeo" else kind if kind == "null" else f"a {kind}"
