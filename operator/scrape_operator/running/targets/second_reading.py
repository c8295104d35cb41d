"""Reads the pages of a list again where it may have moved in the meantime: an item that stayed is found then."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.net.deadline import TIMEOUT_FIELD
from scrape_operator.core.net.documents import Request
from scrape_operator.core.net.page_numbers import are_counted
from scrape_operator.core.net.pagination import CountedPages, CursorPages, PageFacts, Pagination
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.page_order import PageKeys, pack, page_keys
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.off_loop import MANY_ITEMS, off_loop
from scrape_operator.running.targets.target_run import PagePlace, Received, TargetRun

MAX_READINGS = 3
"""Readings of one list in one run, the first included."""

Extract = Callable[[HTTPTargetPlan, TargetRun, Received], Awaitable[PageExtraction]]

_MOVES = (
    f"the list was another one each of the {MAX_READINGS} times that it was read, so items that stayed may be missing: "
    "use paginate.cursor or nextLink if the site has pages that begin after an item, or let the pages overlap"
)


@dataclass(slots=True)
class PagedList:
    """A list of one run. It is in doubt whether it moved only if items have a key that the page itself gives.

    `first` is the request of the first page, `addresses` are those of the first reading. `pages` has the keys of the
    last reading, `_order` those of the items of the run, one for each.
    """

    plan: HTTPTargetPlan
    pagination: Pagination
    run: TargetRun
    first: Request
    extract: Extract
    addresses: list[str] = field(default_factory=list)
    pages: list[PageKeys] = field(default_factory=list)
    _order: list[int] = field(default_factory=list)

    @property
    def is_checked(self) -> bool:
        """Whether the list may move under its pages, items are recognized, and requests may be sent again."""
        key, fields = self.plan.key, frozenset(self.plan.compared_fields)
        may_move = not isinstance(self.pagination.source, CursorPages)
        return may_move and bool(key) and fields.issuperset(key) and self.first.method in self.plan.retry.methods

    @property
    def is_counted(self) -> bool:
        """Whether a page is a place in the list, so that an item that vanishes hides another one."""
        if isinstance(self.pagination.source, CountedPages):
            return True
        return bool(self.pages) and are_counted(self.addresses, len(self.pages[0]))

    async def add(self, request: Request, page: PageExtraction) -> None:
        """Add a page of the first reading, after it was added to the run."""
        if self.is_checked:
            self.addresses.append(request.url)
            self.pages.append(await self._keys(page.items))
            self._order.extend(self.pages[-1])

    async def check(self) -> None:
        """Read the list again if it may have moved, until two readings agree. What is found is added to the run.

        If that fails, or no two readings agree, a warning says so, and nothing that is missing counts as gone.
        """
        if not self.is_checked or not self.run.is_fully_read:
            return
        if self.run.is_in_doubt(self.pages, self.plan.mode, is_counted=self.is_counted):
            try:
                await self._read_until_agreed()
            except ScrapeFailed as failure:
                message = f"the pages could not be read again, so items that moved may be missing: {failure.reason}"
                self.run.truncate(f"{message}: {failure.message}")
        self.run.order = pack(self._order)

    async def _read_until_agreed(self) -> None:
        begun, clock = self.run.started, self.run.clock.monotonic
        for reading in range(2, MAX_READINGS + 1):
            if not self.run.scope.deadline.allows(clock() - begun):
                self.run.truncate(f"no time was left to read the pages again ({TIMEOUT_FIELD}): items may be missing")
                return
            begun = clock()
            pages = await self._read_again(reading)
            if pages == self.pages:
                return
            self.pages = pages
        self.run.truncate(_MOVES)

    async def _read_again(self, reading: int) -> list[PageKeys]:
        """Return the keys by page. Where all pages are as they were, their end is not looked for again."""
        pages: list[PageKeys] = []
        known = set(self._order)
        request: Request | None = replace(self.first, validators=None)
        while request is not None and len(pages) < self.pagination.max_pages:
            place = PagePlace(len(pages), reading)
            received = await self.run.fetch_again(place, request)
            page = await self.extract(self.plan, self.run, received)
            keys = await self._keys(page.items)
            if self.pages[place.number : place.number + 1] != [keys]:
                await self.run.keep(received, detail_of=place.name)
            if not page.matched or (keys and keys in pages):
                break
            if not known.issuperset(keys):
                self._insert(keys, page, pages, known)
            pages.append(keys)
            if pages == self.pages:
                break
            request = self.pagination.source.following(self.first, PageFacts.of(len(pages), received.response, page))
        return pages

    def _insert(self, keys: PageKeys, page: PageExtraction, before: Sequence[PageKeys], known: set[int]) -> None:
        """Insert the items that are not `known` yet, each after the one that precedes it in the list."""
        previous = next((keys[-1] for keys in reversed(before) if keys), None)
        for index, key in enumerate(keys):
            if key not in known:
                known.add(key)
                place = 0 if previous is None else self._order.index(previous) + 1
                self._order.insert(place, key)
                self.run.insert_item(place, page, index)
            previous = key

    async def _keys(self, items: Sequence[Mapping[str, JSONValue]]) -> PageKeys:
        return await off_loop(lambda: page_keys(items, self.plan.key), is_much=len(items) > MANY_ITEMS)
