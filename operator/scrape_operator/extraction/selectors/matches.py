"""Matches of regular expressions in a text, and the groups of a match. Made by the format Text.

RE2 takes time in proportion to the text. It reads UTF-8: a `str` would be counted anew for the place of each match.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from scrape_operator.core.errors import InvalidValue
from scrape_operator.extraction.formats.reader import Family, Page, SelectorFailed
from scrape_operator.extraction.selectors.regex import compile_expression
from scrape_operator.extraction.step_budget import StepBudget

_MAX_MATCHES: Final = 100_001
"""One more than a document may have items, so that the limit shows."""

_BYTES_PER_STEP: Final = 64


class MatchSelector:
    """All matches of an expression: as items the matches themselves, as values group 1 or the whole match."""

    family = Family.REGEX
    gives_nodes = True
    is_linear = True
    is_machine = False

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        self._compiled = compiled
        self._group = 1 if compiled.groups else 0

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Return the matches in the document."""
        return list(self._matches(page.root, work))

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return what each match in the item chooses."""
        found = (_decoded(match[self._group]) for match in self._matches(_bytes_of(node), work))
        return [text for text in found if text is not None]

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return what the first match chooses that is not empty; None without one."""
        found = (_decoded(match[self._group]) for match in self._matches(_bytes_of(node), work))
        return next((text for text in found if text and not text.isspace()), None)

    def _matches(self, text: bytes, work: StepBudget) -> Iterator[Any]:
        work.spend(1 + len(text) // _BYTES_PER_STEP)
        return islice(self._compiled.finditer(text), _MAX_MATCHES)


class GroupSelector:
    """One group of the match that is the item."""

    family = Family.GROUP
    gives_nodes = False
    is_linear = True
    is_machine = False

    def __init__(self, group: int | str) -> None:
        self.text = str(group)
        self._group = group

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Raise SelectorFailed: a group gives no items."""
        raise SelectorFailed("a group gives no items: use regex")

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return the text of the group, if it took part in the match."""
        found = self.first(node, page, work)
        return [] if found is None else [found]

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return the text of the group; None if it is empty or took no part in the match."""
        text = _decoded(node[self._group])
        return text if text and not text.isspace() else None


def compile_matches(expression: str) -> MatchSelector:
    """Compile an expression. Raises InvalidValue."""
    return MatchSelector(expression, compile_expression(expression))


def compile_group(group: int | str, items: str | None) -> GroupSelector:
    """Compile a group of the items' expression, by number or name.

    Raises:
        InvalidValue: The items have no expression, or it has no such group.

    """
    if items is None:
        raise InvalidValue("a group belongs to items.regex: set it, or use regex")
    compiled = compile_expression(items)
    number = int(group) if str(group).isdigit() else None
    if number is None and group not in compiled.groupindex:
        raise InvalidValue(f"items.regex has no group {group!r}: name one as (?P<{group}>...)")
    if number is not None and number > compiled.groups:
        raise InvalidValue(f"items.regex has {compiled.groups} groups, and this is number {number}")
    return GroupSelector(str(group) if number is None else number)


def _bytes_of(node: Any) -> bytes:
    return node if isinstance(node, bytes) else bytes(node[0])


def _decoded(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "replace")
