"""Whether the texts that an XPath expression selects are written for programs. Called by `xpath`.

The attributes content, value and data-* are.
"""

import re
from typing import Any, Final

from scrape_operator.extraction.selectors.paths import FUNCTIONS, LITERAL, gives_computed
from scrape_operator.extraction.values.machine_text import MachineText

_PREDICATE: Final = re.compile(r"\[[^\[\]]*\]")
_BLANKS: Final = re.compile(r"\s*(/|::|@|\(|\))\s*")
_BASE: Final = re.compile(r"\([^()]*\)(?=/)")
"""What a path goes on from, as in (//a | //b)/@content."""
_OPERAND: Final = re.compile(r"([^\s,()|+=<>!]+)(\()?")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+", re.ASCII)
_MACHINE_NAME: Final = re.compile(r"content|value|data-.*", re.DOTALL)
_MACHINE_STEP: Final = re.compile(r"(?:.*/)?(?:@|attribute::)(?:content|value|data-[\w.-]+)")
_ANY_ATTRIBUTE: Final = re.compile(r"(?:.*/)?(?:@|attribute::)(?:\*|node)")


def is_machine(expression: str) -> bool | None:
    """Return whether all texts of an expression are written for programs; None where that differs from text to text.

    A text that functions make is so if they look at such attributes alone.
    """
    operands = _operands(expression)
    are_machine = [_MACHINE_STEP.fullmatch(operand) is not None for operand in operands]
    if are_machine and all(are_machine):
        return True
    if gives_computed(expression) or not (any(are_machine) or any(map(_ANY_ATTRIBUTE.fullmatch, operands))):
        return False
    return None


def with_origin(text: Any) -> str:
    """Return a text that lxml found with `smart_strings`, as a MachineText if it is of an attribute for programs."""
    is_for_programs = text.is_attribute and _MACHINE_NAME.fullmatch(text.attrname)
    return MachineText(text) if is_for_programs else str(text)


def _operands(expression: str) -> list[str]:
    """Return the paths of an expression without their predicates; of a path to an attribute the last step counts."""
    bare, before = LITERAL.sub("", expression), ""
    while bare != before:
        before, bare = bare, _PREDICATE.sub("", bare)
    bare = _BASE.sub("", _BLANKS.sub(r"\1", bare))
    found: list[Any] = _OPERAND.findall(bare)
    return [
        operand for operand, opened in found if not (opened and operand in FUNCTIONS) and not _NUMBER.fullmatch(operand)
    ]
