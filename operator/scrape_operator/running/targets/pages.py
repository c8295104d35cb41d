"""The pages of an HTTP target: each is requested, extracted and added to the target's run, until nothing follows."""

from functools import partial
from hashlib import blake2b

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document, PageExtraction
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.net.pagination import PageFacts, Pagination
from scrape_operator.core.net.urls import requested_address
from scrape_operator.core.runs.page_hints import page_hint
from scrape_operator.core.sentences import join_sentences
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.off_loop import BIG_BYTES, MANY_ITEMS, off_loop
from scrape_operator.running.targets.repetition import note_document
from scrape_operator.running.targets.revalidation import Revalidator
from scrape_operator.running.targets.second_reading import PagedList
from scrape_operator.running.targets.target_run import Received, TargetRun

MAX_ITEMS = 200_000
"""Items of one target in one run: all of them are held in memory until they are stored."""

SAME_PAGE = (
    "page 2 is the same as page 1, so that paginate may have no effect: check the name of its parameter, or its link"
)


class PageReader:
    """Reads the pages of targets. The extraction workers exist as long as the process."""

    def __init__(self, extraction: ExtractionPool) -> None:
        self._extraction = extraction

    async def read(self, plan: HTTPTargetPlan, run: TargetRun) -> None:
        """Read all pages. The failure of a later page is a loss: what came before it is kept.

        Raises:
            ScrapeFailed: the first page could not be read.

        """
        first = plan.request.fill(run.scope.scheduled_for, run.scope.zone)
        seen = SeenPages(plan.compared_fields)
        if plan.pagination is not None:
            first = plan.pagination.source.first(first)
        if plan.is_conditional:
            run.revalidator = Revalidator(run.memory.revalidation, plan, first)
            first = run.revalidator.condition(first)
        listed = None
        if plan.pagination is None:
            await self._read_page(plan, run, first, seen)
        else:
            listed = PagedList(plan, plan.pagination, run, first, self._extract)
            await self._read_pages(listed, seen)
        if run.revalidator is not None and run.revalidator.is_unchanged and run.is_fully_read:
            run.is_unmodified = True
        if listed is not None and not run.is_unmodified:
            await listed.check()

    async def _read_pages(self, listed: PagedList, seen: "SeenPages") -> None:
        run = listed.run
        request: Request | None = listed.first
        while request is not None and seen.is_new_address(request):
            try:
                page = await self._read_page(listed.plan, run, request, seen, listed)
                request = following_request(listed.pagination, listed.first, page, run) if page else None
            except ScrapeFailed as failure:
                if not run.pages:
                    raise
                run.losses.add(f"page {run.pages + 1}", failure)
                return

    async def _read_page(
        self,
        plan: HTTPTargetPlan,
        run: TargetRun,
        request: Request,
        seen: "SeenPages",
        listed: PagedList | None = None,
    ) -> PageFacts | None:
        """Add one page to the run. Return None if no page can follow: it was empty, or like one before."""
        received = await run.fetch_page(request)
        response = received.response
        is_big = len(response.body) > BIG_BYTES
        if await off_loop(partial(self._is_unmodified, plan, run, response), is_much=is_big):
            run.is_unmodified = True
            return None
        await run.keep(received)
        if plan.is_decided_by_document and note_document(plan, run, self._document(run, received)):
            run.pages += 1
            return None
        extraction = await self._extract(plan, run, received)
        is_much = is_big or len(extraction.items) > MANY_ITEMS
        if plan.pagination is not None and not await off_loop(
            partial(seen.is_new_content, response.body, extraction), is_much=is_much
        ):
            if run.pages == 1 and extraction.items:
                run.warn(SAME_PAGE)
            return None
        run.add_page(extraction)
        if not run.items:
            run.hint = join_sentences((extraction.hint, page_hint(response.body)))
        if not extraction.matched:
            return None
        if listed is not None:
            await listed.add(request, extraction)
        return PageFacts.of(run.pages, response, extraction)

    @staticmethod
    def _is_unmodified(plan: HTTPTargetPlan, run: TargetRun, response: Response) -> bool:
        """Return whether a page says for the whole target that nothing changed, so that it need not be parsed."""
        if run.revalidator is None:
            return False
        if response.is_not_modified:
            return True
        run.revalidator.add(response)
        return plan.pagination is None and run.revalidator.is_unchanged

    async def _extract(self, plan: HTTPTargetPlan, run: TargetRun, received: Received) -> PageExtraction:
        if is_empty(received.response):
            return PageExtraction(items=(), matched=0, dropped=0)
        run.had_content = True
        requester = run.session.requester.key
        return await self._extraction.extract(plan.extracts.page, self._document(run, received), requester)

    @staticmethod
    def _document(run: TargetRun, received: Received) -> Document:
        """Return a page. Fields are explained by the first one alone: to compile parts of selectors costs time."""
        return make_document(run, received, wants_hints=not run.pages)


class SeenPages:
    """The pages that were read: by address, and by content, since a server may repeat its last page for ever."""

    def __init__(self, compared_fields: tuple[str, ...]) -> None:
        self._fields = compared_fields
        self._addresses: set[str] = set()
        self._contents: set[bytes] = set()

    def is_new_address(self, request: Request) -> bool:
        """Return whether an address was not requested before, and remember it."""
        address = requested_address(request.url, request.params)
        is_new = address not in self._addresses
        self._addresses.add(address)
        return is_new

    def is_new_content(self, body: bytes, extraction: PageExtraction) -> bool:
        """Return whether neither the body nor its items came before, and remember both."""
        digests = {_digest(b"body", body)}
        if extraction.items:
            values = [[item.get(name) for name in self._fields] for item in extraction.items]
            digests.add(_digest(b"items", orjson.dumps(values, default=str)))
        is_new = self._contents.isdisjoint(digests)
        self._contents |= digests
        return is_new


def following_request(pagination: Pagination, first: Request, page: PageFacts, run: TargetRun) -> Request | None:
    """Return the request after a page, or None if there is none. A limit that ends the pages is recorded in the run."""
    request = pagination.source.following(first, page)
    if request is None:
        return None
    if page.number >= pagination.max_pages:
        run.truncate(f"stopped after {page.number} pages though more may follow: raise paginate.maxPages")
        return None
    if len(run.items) >= MAX_ITEMS:
        run.truncate(f"stopped after {len(run.items)} items though more may follow: split the target")
        return None
    return request


def is_empty(response: Response) -> bool:
    """Return whether an answer has nothing to read."""
    return not response.body or response.body.isspace()


def make_document(run: TargetRun, received: Received, *, wants_hints: bool = False) -> Document:
    """Return a response as extraction reads it."""
    response = received.response
    return Document(
        body=response.body,
        url=response.url,
        content_type=response.headers.get("content-type", ""),
        scheduled_for=run.scope.scheduled_for,
        fetched_at=received.at,
        time_zone=run.scope.zone,
        wants_hints=wants_hints,
    )


def _digest(kind: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=16, person=kind).digest()
