"""Finds the nodes around an item, for fields with `parent`. Called by `fields`."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from lxml import etree

from scrape_operator.extraction.formats.reader import Page
from scrape_operator.extraction.step_budget import StepBudget


class Parents:
    """The enclosing elements or objects of the nodes of one page. A list is no level of its own."""

    def __init__(self, page: Page, work: StepBudget) -> None:
        self._page = page
        self._work = work
        self._objects: dict[int, Any] | None = None

    def of(self, node: Any, levels: int) -> Any:
        """Return what encloses a node so many levels up; None where nothing does, or the node is a computed value."""
        if etree.iselement(node):
            return next(islice(node.iterancestors(), levels - 1, None), None)
        if not isinstance(node, dict | list):
            return None
        if self._objects is None:
            self._objects = self._enclosing_objects([self._page.root, *self._page.nodes])
        for _ in range(levels):
            node = self._objects.get(id(node))
            if node is None:
                return None
        return node

    def _enclosing_objects(self, roots: Sequence[Any]) -> dict[int, Any]:
        """Return the object around every object and list, by the identity of the inner one."""
        found: dict[int, Any] = {}
        waiting: list[tuple[Any, Any]] = [(root, None) for root in roots]
        while waiting:
            container, enclosing = waiting.pop()
            members = container.values() if isinstance(container, dict) else container
            if not isinstance(container, dict | list):
                continue
            self._work.spend(1 + len(container) // 10)
            inner = container if isinstance(container, dict) else enclosing
            for member in members:
                if isinstance(member, dict | list):
                    found[id(member)] = inner
                    waiting.append((member, inner))
        return found
