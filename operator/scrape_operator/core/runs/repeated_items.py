"""Items of a document that is the same as that of an earlier run: they are known without being read again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload
from uuid import UUID

from scrape_operator.core.runs.expectations import Expectations
from scrape_operator.core.runs.items import Item


@dataclass(frozen=True, slots=True)
class LastDocument:
    """The only document of the last good run of a target, where nothing else decided which items it had.

    Attributes:
        digest: Of the body, and of what else the items depend on.
        run_id: The run.
        expectations: What the items met.

    """

    digest: bytes
    run_id: UUID
    expectations: Expectations


class RepeatedItems(Sequence[Item]):
    """The items of `of_run` once more, `count` of them. `read` reads them from the document when they are asked for."""

    def __init__(self, of_run: UUID, count: int, read: Callable[[], Sequence[Item]]) -> None:
        self.of_run = of_run
        self._count = count
        self._read = read
        self._items: Sequence[Item] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if self._items is None:
            self._items = self._read()
        return self._items[index]
