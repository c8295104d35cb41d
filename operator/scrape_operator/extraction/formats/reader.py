"""The contract of a format: a reader turns bytes into nodes, and families of selectors point into them.

A new format is one file with a Reader, and an entry in `registry`. A new family of selectors is one file with a
Selector, and an entry in `compiling`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.extraction import Document
from scrape_operator.extraction.step_budget import StepBudget


class Family(StrEnum):
    """A language of selectors, by the name of its field in the API."""

    CSS = "css"
    XPATH = "xpath"
    JMESPATH = "jmespath"
    REGEX = "regex"
    COLUMN = "column"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Page:
    """A document that was read.

    `nodes` are the items where no selector names them; selectors begin at `root`. `size` counts the
    nodes of the whole document. `language` is a BCP 47 tag or empty; `base_url` is what relative
    addresses are resolved against. `is_clean`: there is no NUL and no lone surrogate in its texts.
    """

    root: Any
    nodes: Sequence[Any]
    size: int
    base_url: str
    language: str = ""
    is_clean: bool = False
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """The parts of an `extract` that say how its documents are read.

    `numbers_as_written`: a JSON number is asked for as the decimal that was written.
    """

    format: Format = Format.AUTO
    numbers_as_written: bool = False


class Reader(Protocol):
    """Reads documents in one format, for one `extract`."""

    format: ClassVar[Format]
    families: ClassVar[frozenset[Family]]

    def __init__(self, options: ReaderOptions) -> None: ...

    def read(self, document: Document) -> Page:
        """Read a document.

        Raises:
            ScrapeFailed: DecodeError.

        """


class Selector(Protocol):
    """A compiled selector."""

    family: Family
    gives_nodes: bool
    """False where it is known that the selector gives texts, and so no items."""

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Give the nodes of the items, in document order; `readings` values will be asked of each.

        Raises:
            SelectorFailed: the selector gives no nodes, or can't be applied.
            StepBudgetExceeded: the work is done.

        """

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Give the values at a node, in document order: texts, or numbers, booleans, objects and lists.

        A list that the selector computed gives its members; null is no value.

        Raises:
            SelectorFailed: the selector can't be applied.
            StepBudgetExceeded: the work is done.

        """

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Give the first value at a node, or the list that the selector computed; None where there is none.

        Raises:
            SelectorFailed: the selector can't be applied.
            StepBudgetExceeded: the work is done.

        """


class SelectorFailed(Exception):
    """A selector can't be applied to what is there; the text says why."""
