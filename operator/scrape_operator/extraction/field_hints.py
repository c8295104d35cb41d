"""Explains why a field was found in no item, by what the first item has instead. Called by `extractor`."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

from lxml import etree

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.nearest import MEANT_MAX, shown
from scrape_operator.extraction.fields import CompiledField, sample_of
from scrape_operator.extraction.formats.reader import Family, Page, Reader, SelectorFailed
from scrape_operator.extraction.hints import MAX_HINT_LENGTH, MissedStep, Probe
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

MAX_HINTED_FIELDS: Final = 3
"""Fields of a document that are explained: each costs some selectors that are compiled anew."""

_MAX_ELEMENTS: Final = 300
_KINDS: Final = (
    ("attribute", re.compile(r"(?:::attr\(\s*|/@|attribute::)(?P<own>[\w:-]+)")),
    ("class", re.compile(r"\.(?P<name>[A-Za-z_-][\w-]*)|@class[^'\"]*['\"]\s*(?P<quoted>[\w-]+)")),
    ("id", re.compile(r"#(?P<name>[\w-]+)|@id\s*=\s*['\"](?P<quoted>[\w-]+)")),
    ("attribute", re.compile(r"\[@?(?P<name>[A-Za-z][\w:-]*)")),
    ("element", re.compile(r"(?P<name>[A-Za-z][\w-]*)(?![\w(:-])")),
)
"""What a step of a selector of markup asks for, in the order in which it is looked for."""

_PLURALS: Final = {"attribute": "attributes", "class": "classes", "id": "ids", "element": "elements", "key": "keys"}
_KEY: Final = re.compile(r"""\.?["']?(?P<name>[\w-]+)""")
_TEXT_STEPS: Final = {Family.CSS: ("::text", " ::text"), Family.XPATH: ("/text()", "//text()")}
"""The step that reads the texts of an element itself, and the one that reads also those inside."""

_OWN_TEXT: Final = frozenset(own for own, _all in _TEXT_STEPS.values())


def field_hint(field: CompiledField, node: Any, page: Page, reader: Reader, work: StepBudget) -> str:
    """Return why a field has no value at an item, or an empty text if that is not known.

    Args:
        field: A field with a selector.
        node: The item, or what encloses it if the field has `parent`.
        page: The page of the item.
        reader: What compiles parts of the selector.
        work: The budget. If it ends, there is no hint.

    """
    if field.selector is None or node is None:
        return ""
    place = "the document" if node is page.root else "the first item"
    with suppress(StepBudgetExceeded, InvalidValue):
        try:
            values = field.selector.values(node, page, work)
            probe = Probe(field.selector.family, replace(page, root=node), reader, work)
            hint = (
                _unread(field, values) or _missed(field, probe) or ("its selector gives blank text" if values else "")
            )
            return hint and f"in {place} {hint}"[:MAX_HINT_LENGTH]
        except SelectorFailed as failure:
            return str(failure)
    return ""


def _unread(field: CompiledField, values: Sequence[Any]) -> str:
    """Return that a selector gives a value which is not of use."""
    value = next((value for value in values if str(value).strip()), None)
    if value is None:
        return ""
    reason = "its regex matches none of it" if field.pattern is not None else f"that can't be read as {field.type}"
    return f"its selector gives {sample_of(value)}, and {reason}"


def _missed(field: CompiledField, probe: Probe) -> str:
    source, family = field.source, probe.family
    if deeper := _deeper_text(source, probe):
        return f"the text is in elements inside: `{deeper}` reads it"
    missed = probe.missed_step(source)
    if missed is None:
        return ""
    there = _keys(missed, probe) if family is Family.JMESPATH else _markup(missed, probe)
    return missed.message + (there and f": {there}")


def _deeper_text(source: str, probe: Probe) -> str:
    """Return a selector of the texts inside an element that has none itself, or an empty text."""
    own, all_ = _TEXT_STEPS.get(probe.family, ("", ""))
    if not own or not source.endswith(own) or source.endswith(all_):
        return ""
    deeper = source.removesuffix(own).rstrip() + all_
    texts = probe.values(deeper) if deeper != all_ else None
    return deeper if any(str(text).strip() for text in texts or ()) else ""


def _keys(missed: MissedStep, probe: Probe) -> str:
    """Return what a JSON value has instead of a key."""
    value, found = probe.first_node(missed.before), _KEY.match(missed.step)
    subject = f"`{missed.before}`" if missed.before else "the item"
    if isinstance(value, list):
        through = f"{missed.before}[*]{missed.step}"
        if probe.values(through):
            return f"`{through}` reads the members of the list"
        value = next((member for member in value if isinstance(member, dict)), None)
        subject = f"no member of {subject}" if value is None else subject
    if not isinstance(value, dict):
        return f"{subject} is no object"
    name = found["name"] if found else ""
    if name in value:
        return "its value is null" if value[name] is None else ""
    return _instead("key", name, list(value))


def _markup(missed: MissedStep, probe: Probe) -> str:
    """Return what an element has instead of a class, an id, an attribute or an element."""
    node = probe.first_node("" if missed.step[:1] in {"+", "~"} else missed.before)
    if not etree.iselement(node):
        return ""
    if missed.step in _OWN_TEXT:
        return "it has no text"
    for kind, pattern in _KINDS:
        if found := pattern.search(missed.step):
            parts = found.groupdict()
            is_own = parts.get("own") is not None
            names = _names(kind, [node] if is_own else islice(node.iterdescendants("*"), _MAX_ELEMENTS))
            wanted = next(part for part in parts.values() if part is not None)
            if is_own or (names and wanted not in names):
                return _instead(kind, wanted, names)
    return _instead("element", "", _names("element", islice(node.iterdescendants("*"), _MAX_ELEMENTS)))


def _names(kind: str, elements: Iterable[Any]) -> Sequence[str]:
    """Return the names of a kind that elements have, each once."""
    names: dict[str, None] = {}
    for element in elements:
        match kind:
            case "class" | "id":
                names.update(dict.fromkeys(element.get(kind, "").split()))
            case "attribute":
                names.update(dict.fromkeys(element.keys()))
            case _:
                names[element.tag.rpartition("}")[2]] = None
    return list(names)


def _instead(kind: str, wanted: str, names: Sequence[str]) -> str:
    """Return the names that may have been meant, else those that there are."""
    if not names:
        return f"it has no {_PLURALS[kind]}"
    meant = get_close_matches(wanted, names, n=MEANT_MAX)
    if meant:
        return f"did you mean the {kind} {' or '.join(meant)}?"
    return f"there are the {_PLURALS[kind]} {shown(names)}"
