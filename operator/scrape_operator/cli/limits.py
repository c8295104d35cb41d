"""Prints no more rows than were asked for, and says on standard error that there are more."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import typer

T = TypeVar("T")


@dataclass(slots=True)
class Limit:
    """The number of rows that are printed at most; 0 for all. `is_exceeded` says whether there were more."""

    count: int
    is_exceeded: bool = False

    async def rows(self, rows: AsyncIterator[T], source: AsyncIterator[object] | None = None) -> AsyncIterator[T]:
        """Yield the first rows.

        Args:
            rows: The rows.
            source: What they are chosen from. One more is read from it, and not one more of the chosen rows: that
                could be the last of many.

        """
        number = 0
        async for row in rows:
            yield row
            number += 1
            if number == self.count:
                self.is_exceeded = await anext(source or rows, None) is not None
                return

    async def pages(self, pages: AsyncIterator[Sequence[T]]) -> AsyncIterator[Sequence[T]]:
        """Yield the rows of each page, cut where there are enough of them."""
        left = self.count
        async for page in pages:
            if not self.count:
                yield page
                continue
            if left:
                yield page[:left]
            self.is_exceeded = len(page) > left
            left -= len(page)
            if self.is_exceeded:
                return

    def report(self, which: str, remedy: str = "--limit 0", *, is_certain: bool = True) -> None:
        """Print a line on standard error if there are more rows. `which` is the order in which they were printed."""
        if self.is_exceeded:
            more = "there are more" if is_certain else "there may be more"
            printed = "one is" if self.count == 1 else f"{self.count} are"
            typer.echo(
                f"only the {which} {printed} printed, and {more}: --limit N prints N, {remedy} prints all", err=True
            )
