"""Links whose selector gives elements and not texts. Made by `compiling`."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from scrape_operator.extraction.formats.reader import Page, Selector
from scrape_operator.extraction.step_budget import StepBudget

_NO_LINKS: Final = "[not(name()='a' or name()='area' or name()='link')]"


class LinkSelector:
    """Reads what the elements that a selector gives link to: their `href`, or the address that is their text.

    In HTML, what is made for links has no address in its text: without `href` it leads nowhere. `compile_xpath`
    compiles XPath expressions of the format.
    """

    def __init__(self, elements: Selector, compile_xpath: Callable[[str], Selector], *, is_html: bool) -> None:
        path = f"({elements.text})" if "|" in elements.text else elements.text
        self._addresses = compile_xpath(f"{path}/@href")
        self._texts = compile_xpath(f"{path}{_NO_LINKS}") if is_html else elements
        self.family = elements.family
        self.text = elements.text
        self.gives_nodes = False
        self.is_linear = self._addresses.is_linear and self._texts.is_linear
        self.is_machine = False

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Return the elements whose text is an address. Raises SelectorFailed."""
        return self._texts.nodes(page, work, readings=readings)

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return the addresses at a node. Raises SelectorFailed."""
        return self._addresses.values(node, page, work) or self._texts.values(node, page, work)

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return the first address at a node, or None. Raises SelectorFailed."""
        address = self._addresses.first(node, page, work)
        return self._texts.first(node, page, work) if address is None else address
