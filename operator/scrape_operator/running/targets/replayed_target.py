"""A target of a replay: its documents are those that an earlier run kept."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.page_order import PageKeys
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.instants import EPOCH
from scrape_operator.running.targets.platform_responses import KeptFetcher
from scrape_operator.running.targets.target_run import PagePlace, Received, TargetRun


class KeptResponses:
    """The kept responses of one target: pages by number, detail documents by address, those of adapters by request.

    `started_at` is the time of those whose own is not known.
    """

    def __init__(self, bodies: Sequence[KeptBody], started_at: datetime) -> None:
        self._bodies = bodies
        self._pages = {body.page: body for body in bodies if not body.detail_of}
        self._details: defaultdict[str, deque[KeptBody]] = defaultdict(deque)
        for body in bodies:
            self._details[body.detail_of].append(body)
        self.started_at = started_at

    @property
    def http_status(self) -> int | None:
        """The status of the last response."""
        return self._bodies[-1].http_status if self._bodies else None

    async def page(self, number: int) -> Received:
        """Return a page. Raises ScrapeFailed if it is not kept."""
        return await self._unpack(self._pages.get(number), f"page {number + 1}")

    @property
    def has_changed_page(self) -> bool:
        """Whether the run read a page again that was another one then."""
        return any(PagePlace.is_name(name) for name in self._details)

    async def page_again(self, place: PagePlace) -> Received:
        """Return a page as it was in a later reading: only changed ones are kept. Raises ScrapeFailed."""
        for reading in range(place.reading, 1, -1):
            name = PagePlace(place.number, reading).name
            if name in self._details:
                return await self.detail(name)
        return await self.page(place.number)

    async def detail(self, name: str) -> Received:
        """Return a detail document, or a response to an adapter. Raises ScrapeFailed if it is not kept.

        Responses to one request are returned in the order in which they came, and the last one again.
        """
        kept = self._details.get(name)
        body = None if not kept else kept[0] if len(kept) == 1 else kept.popleft()
        return await self._unpack(body, name)

    async def answer(self, name: str) -> Response:
        """Return a response to an adapter as `detail` does."""
        return (await self.detail(name)).response

    async def _unpack(self, body: KeptBody | None, what: str) -> Received:
        if body is None:
            message = f"no response of {what} is kept, and a replay sends no request: run the schedule"
            raise ScrapeFailed(Reason.STORE_UNAVAILABLE, message)
        return Received(await asyncio.to_thread(body.unpack), body.fetched_at or self.started_at)


@dataclass(slots=True)
class ReplayedTarget(TargetRun):
    """The record of a target whose documents are kept responses. Nothing is fetched, and nothing is kept again."""

    responses: KeptResponses = field(default_factory=lambda: KeptResponses((), EPOCH))

    @property
    def fetcher(self) -> Fetcher:
        """What an adapter reads the kept responses through."""
        return KeptFetcher(self.responses.answer, self.responses.started_at)

    def now(self) -> datetime:
        """Return the time that an adapter reads: that of the run."""
        return self.responses.started_at

    async def fetch_page(self, request: Request) -> Received:
        """Return the next page. Raises ScrapeFailed."""
        return await self.responses.page(self.pages)

    async def fetch_again(self, place: PagePlace, request: Request) -> Received:
        """Return a page that was read before. Raises ScrapeFailed."""
        return await self.responses.page_again(place)

    def is_in_doubt(self, pages: Sequence[PageKeys], mode: ItemMode, *, is_counted: bool) -> bool:
        """Return whether the run found that the list had moved."""
        return self.responses.has_changed_page

    async def fetch_detail(self, address: str, request: Request) -> Received:
        """Return the detail document that items link to by `address`. Raises ScrapeFailed."""
        return await self.responses.detail(address)
