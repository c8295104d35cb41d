"""Explains why a page gave no item, by what the document has instead. Called by `extractor`."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from lxml import etree

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.nearest import close_names, shown
from scrape_operator.core.sentences import join_sentences
from scrape_operator.extraction.alternatives import (
    KEY,
    keys_instead,
    names_of,
    scope_of,
    wanted_names,
)
from scrape_operator.extraction.formats.reader import Family, Page, Reader, SelectorFailed
from scrape_operator.extraction.hints import MAX_HINT_LENGTH, MissedStep, Probe
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

_MAX_ELEMENTS: Final = 50_000
"""Elements that are counted."""

_MAX_NAMED: Final = 5000
"""Elements whose names are compared."""

_MAX_TRIED: Final = 6
_MAX_MEANT: Final = 2
_SIMILARITY_ELSEWHERE: Final = 0.8
"""How similar the class of another element must be to the one that is asked for."""

_NO_CONTENT: Final = frozenset(
    {"html", "head", "body", "meta", "link", "script", "style", "title", "base", "noscript", "template", "br"}
)
_ELEMENT_ALONE: Final = re.compile(r"[A-Za-z][\w-]*$")
_EMBEDDED: Final = etree.XPath(
    "(//script[@id='__NEXT_DATA__' or @id='__NUXT_DATA__' or @type='application/json' or @type='application/ld+json']"
    "[string-length() > 200])[1]",
    smart_strings=False,
)


def items_hint(family: Family, source: str, page: Page, reader: Reader, work: StepBudget) -> str:
    """Return where an items selector that matches nothing stops matching, and what would match.

    Args:
        family: The language of the selector.
        source: The selector as the user wrote it.
        page: The page in which it matches nothing.
        reader: What compiles parts of the selector.
        work: The budget. If it ends, there is no hint.

    """
    with suppress(StepBudgetExceeded, SelectorFailed, InvalidValue):
        probe = Probe(family, page, reader, work)
        missed = probe.missed_step(source)
        without_tbody = probe.tbody_hint(source)
        if missed is None or without_tbody:
            return join_sentences([missed.message if missed else "", without_tbody])[:MAX_HINT_LENGTH]
        there = _meant(source, missed, probe) or _there(source, missed, probe)
        return (missed.message + (there and f": {there}"))[:MAX_HINT_LENGTH]
    return ""


def embedded_hint(page: Page) -> str:
    """Return a sentence if an HTML or XML page has JSON in a script element, else an empty text."""
    found = _EMBEDDED(page.root) if etree.iselement(page.root) else None
    if not found:
        return ""
    script = found[0]
    if script.get("type") == "application/ld+json":
        return "The page has JSON-LD: format JSONLD reads it"
    name = f"script#{script.get('id')}" if script.get("id") else "script[type='application/json']"
    return f"The page has JSON in {name}: extract.embedded with css {name}::text reads it"


def _meant(source: str, missed: MissedStep, probe: Probe) -> str:
    """Return similar selectors that match, each with the number of its nodes, or an empty text."""
    corrected = _corrected_keys if probe.family is Family.JMESPATH else _corrected
    meant: dict[str, str] = {}
    for start in islice(corrected(source, missed, probe), _MAX_TRIED):
        tried = ((text, probe.count(text)) for text in (start + source[missed.end :], start))
        text, count = next(((text, count) for text, count in tried if count), ("", 0))
        if count and len(meant) < _MAX_MEANT:
            meant.setdefault(text, f"`{text}` ({count} of them)")
    return f"did you mean {' or '.join(meant.values())}?" if meant else ""


def _corrected(source: str, missed: MissedStep, probe: Probe) -> Iterator[str]:
    """Yield selectors of markup with a name that exists in place of the one that a step misses."""
    before, step = source[: missed.start], source[missed.start : missed.end]
    elements = list(islice(scope_of(missed, probe).iterdescendants("*"), _MAX_NAMED))
    element = _ELEMENT_ALONE.search(before) if missed.is_condition else None
    for kind, wanted, start, _is_own in wanted_names(step):
        for name in close_names(wanted, names_of(kind, elements, _MAX_NAMED)):
            corrected = step[:start] + name + step[start + len(wanted) :]
            yield before + corrected
            if element is not None and close_names(wanted, [name], _SIMILARITY_ELSEWHERE):
                having = (each for each in elements if name in names_of(kind, [each]))
                yield from (before[: element.start()] + tag + corrected for tag in names_of("element", having))


def _corrected_keys(source: str, missed: MissedStep, probe: Probe) -> Iterator[str]:
    """Yield JMESPath expressions with a key that exists in place of the one that a step misses."""
    value, step = probe.first_node(missed.before), source[missed.start : missed.end]
    if isinstance(value, list):
        value = next((member for member in value if isinstance(member, dict)), None)
    found = KEY.match(step)
    if found is not None and isinstance(value, dict):
        for key in close_names(found["name"], list(value)):
            yield source[: missed.start] + step[: found.start("name")] + key + step[found.end("name") :]


def _there(source: str, missed: MissedStep, probe: Probe) -> str:
    """Return what stands where a step finds nothing: repeated elements first, or the keys of an object."""
    if probe.family is Family.JMESPATH:
        is_list = not missed.before and isinstance(probe.first_node(""), list)
        whole = "the document"
        return f"{whole} is a list: `[*]` gives its members" if is_list else keys_instead(missed, probe, whole)
    scope, path = scope_of(missed, probe), source[len(missed.scope) : missed.end].strip()
    is_child = path.startswith(">") or (path.startswith("/") and not path.startswith("//"))
    elements = scope.iterchildren("*") if is_child else islice(scope.iterdescendants("*"), _MAX_ELEMENTS)
    counts = Counter(name for name in map(_signature, elements) if name)
    repeated = [f"{name} ({count})" for name, count in counts.most_common() if count > 1]
    single = [name for name, count in counts.items() if count == 1]
    names = repeated + single if is_child or not repeated else repeated
    is_inside = missed.scope and path[:1] not in {"+", "~"}
    subject = f"`{missed.scope}`" if is_inside else "the document"
    return f"{subject} has {shown(names)}" if names else f"{subject} has no elements"


def _signature(element: Any) -> str:
    """Return the name of an element with its first class, or an empty text if it has no content of a page."""
    name = str(element.tag).rpartition("}")[2]
    first = next(iter(element.get("class", "").split()), "")
    return "" if name in _NO_CONTENT else f"{name}.{first}" if first else name
