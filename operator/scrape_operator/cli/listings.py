"""What `runs`, `changes` and `deliveries list` have in common: they print rows, the newest first."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from rich.text import Text

from scrape_operator.cli.absent import Sought, report_absence
from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.limits import Limit
from scrape_operator.cli.records import Record
from scrape_operator.cli.rows import print_described, print_rows
from scrape_operator.core.reading import Page, RowReader, page_rows, read_pages

R = TypeVar("R", bound=RowReader)
Q = TypeVar("Q")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[R, Q, T]):
    """How the rows of one table are read and printed.

    Attributes:
        read: Returns a page of the rows that a query names: those after a token, or the first; and how many at most.
        record: Returns a row as programs read it.
        describe: Returns the lines of the rows of a page, for a person.
        demand: Raises NotFound if another name of a query than the schedule's is unknown.
        report_older: Says that older rows than those that were printed are not stored any more.

    """

    read: Callable[[R, Q, str | None, int], Awaitable[Page[T]]]
    record: Callable[[T], Record]
    describe: Callable[[R, Sequence[T]], Awaitable[Iterable[Text]]]
    demand: Callable[[R, Q], Awaitable[None]] | None = None
    report_older: Callable[[R, Q], Awaitable[None]] | None = None


async def print_newest(
    open_reader: Callable[[], AbstractAsyncContextManager[R]],
    listing: Listing[R, Q, T],
    query: Q,
    sought: Sought,
    form: RowFormat,
    limit: int,
) -> None:
    """Print the newest `limit` rows, all where it is 0, or why there is none.

    Raises:
        NotFound: The database has no schedule, target or webhook of the name.

    """
    printed = Limit(limit)
    async with open_reader() as reader:
        pages = printed.pages(read_pages(lambda after: listing.read(reader, query, after, page_rows(limit))))
        if form is RowFormat.TABLE:
            number = await print_described(pages, lambda rows: listing.describe(reader, rows))
        else:
            records = (listing.record(row) async for page in pages for row in page)
            number = await print_rows(records, form, ())
        printed.report("newest")
        if not number:
            demand = listing.demand
            await report_absence(reader, sought, demand and partial(demand, reader, query))
        if listing.report_older is not None and not printed.is_exceeded:
            await listing.report_older(reader, query)
