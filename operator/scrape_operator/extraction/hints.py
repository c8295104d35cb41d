"""Explains why selectors found nothing in a document. Called by `extractor` where a page gives no item."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from lxml import etree

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family, Page, Reader, Selector, SelectorFailed
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

MAX_HINT_LENGTH: Final = 300

_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'""")
_CSS_STEP: Final = re.compile(r"\s*[>+~]\s*|\s+|(?=::)")
_XPATH_STEP: Final = re.compile(r"//?")
_JMESPATH_STEP: Final = re.compile(r"\.|(?=\[)")
_PROJECTION: Final = re.compile(r"[\[*]")
_STEPS: Final = {Family.CSS: _CSS_STEP, Family.XPATH: _XPATH_STEP, Family.JMESPATH: _JMESPATH_STEP}
_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
_TBODY: Final = {
    Family.CSS: re.compile(r"\s*>?\s*\btbody\b(?::[\w-]+(?:\([^)]*\))?)*(?=\s|>|$)"),
    Family.XPATH: re.compile(r"/tbody(?:\[[^\]]*\])?(?=/|$)"),
}
_EMBEDDED: Final = etree.XPath(
    "(//script[@id='__NEXT_DATA__' or @id='__NUXT_DATA__' or @type='application/json' or @type='application/ld+json']"
    "[string-length() > 200])[1]",
    smart_strings=False,
)


def missed_hint(selector: Selector, source: str, page: Page, reader: Reader, work: StepBudget) -> str:
    """Return sentences on where a selector that matches nothing stops matching, and on what would match."""
    with suppress(StepBudgetExceeded, SelectorFailed):
        probe = Probe(selector.family, page, reader, work)
        missed = probe.missed_step(source)
        hints = [missed.message if missed else "", probe.tbody_hint(source)]
        if selector.family in {Family.CSS, Family.XPATH}:
            hints.append(_embedded_hint(page.root))
        return ". ".join(filter(None, hints))[:MAX_HINT_LENGTH]
    return ""


class MissedStep(NamedTuple):
    """The step at which a selector stops matching, the selector `before` it, and a message about both."""

    step: str
    before: str
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
        before, count = "", 0
        for end, step in _steps_of(source, _STEPS.get(self.family)):
            found = self._count(source[:end])
            if found is None:
                continue
            if not found:
                return MissedStep(step, before, self._message(source[:end].strip(), step, before, count))
            before, count = source[:end].strip(), found
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
        if without != source and self._count(without):
            return f"Browsers insert tbody: leave it out, `{without}` matches"
        return ""

    def _count(self, text: str) -> int | None:
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
        selector = self._reader.compile(self.family, text)
        if self.family is Family.JMESPATH:
            return selector.first(self._page.root, self._page, self._work)
        return next(iter(selector.nodes(self._page, self._work, readings=1)), None)


def _steps_of(source: str, separator: re.Pattern[str] | None) -> Iterator[tuple[int, str]]:
    """Return where each step of a selector ends, and its text with the combinator before it."""
    if separator is None:
        return
    start = 0
    for end in [*_cuts(source, separator), len(source)]:
        yield end, source[start:end].strip()
        start = end


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


def _embedded_hint(root: Any) -> str:
    found = _EMBEDDED(root)
    if not found:
        return ""
    script = found[0]
    if script.get("type") == "application/ld+json":
        return "The page has JSON-LD: format JSONLD reads it"
    name = f"script#{script.get('id')}" if script.get("id") else "script[type='application/json']"
    return f"The page has JSON in {name}: extract.embedded with css {name}::text reads it"


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"
