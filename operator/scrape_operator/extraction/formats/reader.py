"""The contract of a format: a reader turns bytes into nodes, and families of selectors point into them.

A new format is one file with a Reader, and an entry in `registry`. A new family of selectors is one file with a
Selector, and an entry in `compiling`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from scrape_operator.api.kinds.extract import CSV, Format
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
    """A parsed document.

    Attributes:
        root: Where selectors begin.
        nodes: The items where no selector names them.
        base_url: The address that relative addresses are resolved against.
        size: The number of its nodes, where selectors do not count those that they visit.
        language: A BCP 47 tag, or empty.
        is_clean: Whether its texts have neither NUL nor lone surrogates.
        warnings: Sentences about the document, for the user.
        lost: How many items could not be read, such as lines that are no JSON.
        machine_mark: The decimal mark of ambiguous numbers in texts that are written for programs; None where
            no text of the format is.

    """

    root: Any
    nodes: Sequence[Any]
    base_url: str
    size: int = 1
    language: str = ""
    is_clean: bool = False
    warnings: Sequence[str] = ()
    lost: int = 0
    machine_mark: Literal[".", ","] | None = "."


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """The parts of an `extract` that say how its documents are read.

    Attributes:
        numbers_as_written: Whether a JSON number is asked for as the decimal that was written.
        namespaces: Prefixes of XPath expressions, for XML.
        csv: What the spec says of the dialect.
        items_regex: The expression of the items, for Text.

    """

    numbers_as_written: bool = False
    namespaces: Mapping[str, str] = field(default_factory=dict)
    csv: CSV | None = None
    items_regex: str | None = None


class Selector(Protocol):
    """A compiled selector. What it may raise beside the errors below is StepBudgetExceeded."""

    family: Family

    text: str
    """The selector as it is evaluated, for messages."""

    gives_nodes: bool
    """False where it is known that the selector gives texts, and so no items."""

    is_linear: bool
    """Whether its work grows linearly with the document, or is counted: only then it may run on the event loop."""

    @property
    def is_machine(self) -> bool | None:
        """Whether its texts are written for programs, so that their numbers have a decimal point.

        None where that differs from text to text: those for programs are of the class MachineText.
        """

    def nodes(self, page: Page, work: StepBudget, *, readings: int) -> Sequence[Any]:
        """Return the nodes of the items, in document order; `readings` values will be read at each.

        Raises:
            SelectorFailed: the selector gives no nodes, or can't be applied.

        """

    def values(self, node: Any, page: Page, work: StepBudget) -> Sequence[Any]:
        """Return the values at a node, in document order: texts, or numbers, booleans, objects and lists.

        A list that the selector computed gives its members; null is no value.

        Raises:
            SelectorFailed: the selector can't be applied.

        """

    def first(self, node: Any, page: Page, work: StepBudget) -> Any:
        """Return the first value at a node, or the list that the selector computed; None where there is none.

        Raises:
            SelectorFailed: the selector can't be applied.

        """


class Reader(Protocol):
    """Reads documents in one format, for one `extract`."""

    @property
    def format(self) -> Format:
        """The format of the items' documents."""

    @property
    def families(self) -> frozenset[Family]:
        """The languages of its selectors."""

    @property
    def is_bounded(self) -> bool:
        """Whether parsing takes time and memory in proportion to the document's size."""

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector of one of the families.

        Raises:
            InvalidValue: it can't be read; the message names the remedy.

        """

    def read(self, document: Document) -> Page:
        """Parse a document.

        Raises:
            ScrapeFailed: DecodeError or ExtractionError.

        """


class SelectorFailed(Exception):
    """A selector can't be applied to what is there; the text says why."""
