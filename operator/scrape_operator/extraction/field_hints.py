"""Explains why a field was found in no item, by what the first item has instead. Called by `extractor`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from lxml import etree

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.alternatives import keys_instead, markup_instead, scope_of
from scrape_operator.extraction.fields import CompiledField, sample_of
from scrape_operator.extraction.formats.reader import Family, Page, Reader, SelectorFailed
from scrape_operator.extraction.hints import MAX_HINT_LENGTH, MissedStep, Probe
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

MAX_HINTED_FIELDS: Final = 3
"""Fields of a document that are explained: each costs some selectors that are compiled anew."""

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
    if without_tbody := probe.tbody_hint(source):
        return without_tbody
    missed = probe.missed_step(source)
    if missed is None:
        return ""
    there = keys_instead(missed, probe, "the item") if family is Family.JMESPATH else _markup(missed, probe)
    return missed.message + (there and f": {there}")


def _deeper_text(source: str, probe: Probe) -> str:
    """Return a selector of the texts inside an element that has none itself, or an empty text."""
    own, all_ = _TEXT_STEPS.get(probe.family, ("", ""))
    if not own or not source.endswith(own) or source.endswith(all_):
        return ""
    deeper = source.removesuffix(own).rstrip() + all_
    texts = probe.values(deeper) if deeper != all_ else None
    return deeper if any(str(text).strip() for text in texts or ()) else ""


def _markup(missed: MissedStep, probe: Probe) -> str:
    """Return what an element has instead of what a step asks for."""
    if not etree.iselement(scope_of(missed, probe)):
        return ""
    return "it has no text" if missed.step in _OWN_TEXT else markup_instead(missed, probe)
