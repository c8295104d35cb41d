"""Finds the step at which a selector stops matching. Called by `items_hints` and `field_hints`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family, Page, Reader, SelectorFailed
from scrape_operator.extraction.step_budget import StepBudget

MAX_HINT_LENGTH: Final = 300

_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'""")
_CSS_STEP: Final = re.compile(r"\s*[>+~]\s*|\s+|(?<=[\w\])*-])(?=[.#\[:])")
_XPATH_STEP: Final = re.compile(r"//?|(?=\[)")
_JMESPATH_STEP: Final = re.compile(r"\.|(?=\[)")
_PROJECTION: Final = re.compile(r"[\[*]")
_STEPS: Final = {Family.CSS: _CSS_STEP, Family.XPATH: _XPATH_STEP, Family.JMESPATH: _JMESPATH_STEP}
_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
_TBODY: Final = {
    Family.CSS: re.compile(r"\s*>?\s*\btbody\b(?::[\w-]+(?:\([^)]*\))?)*(?=\s|>|$)"),
    Family.XPATH: re.compile(r"/tbody(?:\[[^\]]*\])?(?=/|$)"),
}
_CONDITION: Final = re.compile(r"[.#\[]|:(?!:)")


class MissedStep(NamedTuple):
    """The step at which a selector stops matching.

    Attributes:
        step: Its text, with the combinator before it.
        before: The selector before it. It matches, or is empty.
        scope: The selector of what encloses the elements that the step chooses from.
        start: Where the step begins in the selector.
        end: Where it ends.
        is_condition: Whether it restricts the elements that `before` matches, such as `.date` in `time.date`.
        message: A message about `step` and `before`.

    """

    step: str
    before: str
    scope: str
    start: int
    end: int
    is_condition: bool
    message: str


class Probe:
    """Tries parts of a selector on the page that the whole does not match."""

    def __init__(self, family: Family, page: Page, reader: Reader, work: StepBudget) -> None:
        self.family = family
        self._page = page
        self._reader = reader
        self._work = work

    def missed_step(self, source: str) -> MissedStep | None:
        """Return the first step after which nothing is matched, None if the whole selector matches."""
        before, scope, count, start = "", "", 0, 0
        for end in _ends_of_steps(source, _STEPS.get(self.family)):
            found = self.count(source[:end])
            if found is None:
                continue
            text = source[start:end]
            is_condition = bool(before and _CONDITION.match(text) and self.family is not Family.JMESPATH)
            scope = scope if is_condition else before
            if not found:
                message = self._message(source[:end].strip(), text.strip(), before, count)
                return MissedStep(text.strip(), before, scope, start, end, is_condition, message)
            before, count, start = source[:end].strip(), found, end
        return None

    def _message(self, text: str, step: str, before: str, count: int) -> str:
        if self.family is Family.JMESPATH and self._is_empty_list(text):
            return f"`{text}` is an empty list"
        if before:
            return f"`{before}` matches {_nodes(count)}, and `{step}` none of them"
        return f"`{text}` matches nothing"

    def _is_empty_list(self, text: str) -> bool:
        """Return whether the document has an empty list there. A projection gives one for any list."""
        if _PROJECTION.search(text):
            return False
        selector = self._reader.compile(self.family, text)
        return bool(selector.first(self._page.root, self._page, self._work) == [])

    def tbody_hint(self, source: str) -> str:
        """Return a sentence if the selector matches without tbody."""
        pattern = _TBODY.get(self.family)
        without = pattern.sub("", source) if pattern else source
        if without != source and self.count(without):
            return f"Browsers insert tbody: leave it out, `{without}` matches"
        return ""

    def count(self, text: str) -> int | None:
        """Return how many nodes a selector matches, None where the text is no selector."""
        found = self.values(text)
        return None if found is None else len(found)

    def values(self, text: str) -> Sequence[Any] | None:
        """Return what a selector gives, None where the text is no selector."""
        if not text.strip() or text.strip() in {".", "/", "//", "./", ".//"}:
            return None
        with suppress(InvalidValue, SelectorFailed):
            return self._reader.compile(self.family, text).values(self._page.root, self._page, self._work)
        return None

    def first_node(self, text: str) -> Any:
        """Return the first node that a selector matches, or the one at which it begins if the text is empty."""
        if not text:
            return self._page.root
        if self.family is Family.JMESPATH:
            return self._reader.compile(self.family, text).first(self._page.root, self._page, self._work)
        return next(iter(self.nodes(text)), None)

    def nodes(self, text: str) -> Sequence[Any]:
        """Return the elements that a selector of markup matches, or the one at which it begins if the text is empty.

        Raises:
            SelectorFailed: the selector gives no elements.

        """
        if not text:
            return [self._page.root]
        return self._reader.compile(self.family, text).nodes(self._page, self._work, readings=1)


def _ends_of_steps(source: str, separator: re.Pattern[str] | None) -> Sequence[int]:
    """Return where each step of a selector ends."""
    return [] if separator is None else [*_cuts(source, separator), len(source)]


def _cuts(source: str, separator: re.Pattern[str]) -> Iterator[int]:
    """Return where separators stand that are outside of brackets and quotes."""
    position = depth = 0
    while position < len(source):
        if quoted := _QUOTED.match(source, position):
            position = quoted.end()
            continue
        found = separator.match(source, position) if depth == 0 else None
        if found and position:
            yield position
        if found and found.group():
            position = found.end()
            continue
        depth += _BRACKETS.get(source[position], 0)
        position += 1


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"
