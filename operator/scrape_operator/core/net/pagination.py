"""The requests of a target's further pages: `planning` makes these values, `running` sends the requests."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote_plus

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.net.headers import HARMLESS_HEADERS
from scrape_operator.core.net.link_header import find_link
from scrape_operator.core.net.urls import origin_of, parse_http_url, resolve_location
from scrape_operator.core.runs.reasons import Reason

MAX_CURSOR_LENGTH: Final = 16_384
"""Characters of a cursor, percent-encoded. The whole address may have twice as many."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is known of a page once it was read. `number` counts pages from 1, `url` is the address that answered."""

    number: int
    url: str
    link_header: str = ""
    next_link: str | None = None
    cursor: str | None = None

    @classmethod
    def of(cls, number: int, response: Response, page: PageExtraction) -> "PageFacts":
        """Return what a response and its extraction say of the next page."""
        return cls(number, response.url, response.headers.get("link", ""), page.next_link, page.cursor)


@dataclass(frozen=True, slots=True)
class CountedPages:
    """A query parameter that grows by `step` with each page; `fixed` is sent with every page."""

    name: str
    start: int
    step: int
    fixed: tuple[tuple[str, str], ...] = ()

    def first(self, request: Request) -> Request:
        """Return the request of the first page."""
        return self._numbered(request, 0)

    def following(self, request: Request, page: PageFacts) -> Request | None:
        """Return the request of the page after `page`; `request` is that of the first page."""
        return self._numbered(request, page.number)

    def _numbered(self, request: Request, index: int) -> Request:
        return with_params(request, [*self.fixed, (self.name, str(self.start + index * self.step))])


@dataclass(frozen=True, slots=True)
class CursorPages:
    """A query parameter whose value each page gives for the next one."""

    name: str

    def first(self, request: Request) -> Request:
        """Return the request of the first page."""
        return request

    def following(self, request: Request, page: PageFacts) -> Request | None:
        """Return the request of the page after `page`, or None if the page gave no cursor.

        Raises:
            ScrapeFailed: ExtractionError; the cursor is too long for an address.

        """
        if page.cursor is None:
            return None
        if len(quote(page.cursor, safe="")) > MAX_CURSOR_LENGTH:
            message = f"the page has a cursor of {len(page.cursor)} characters, which fit into no address"
            raise ScrapeFailed(Reason.EXTRACTION_ERROR, f"{message}: choose another one by paginate.cursor")
        return with_params(request, [(self.name, page.cursor)])


@dataclass(frozen=True, slots=True)
class LinkedPages:
    """Each page names the address of the next one, in its content or by a relation in the header Link (RFC 8288)."""

    relation: str | None = None

    def first(self, request: Request) -> Request:
        """Return the request of the first page."""
        return request

    def following(self, request: Request, page: PageFacts) -> Request | None:
        """Return the request of the page after `page`, or None if the page names none.

        Raises:
            ScrapeFailed: ExtractionError; what the page names is no http or https address.

        """
        link = find_link(page.link_header, self.relation) if self.relation else page.next_link
        return request_of_link(request, link, page.url, "paginate.nextLink") if link else None


PageSource = CountedPages | CursorPages | LinkedPages


@dataclass(frozen=True, slots=True)
class Pagination:
    """How further pages are found, and how many are read at most, the first included."""

    source: PageSource
    max_pages: int


def with_params(request: Request, params: Iterable[tuple[str, str]]) -> Request:
    """Set query parameters: those of the same name are replaced, in the address and in `params`."""
    params = tuple(params)
    names = {name for name, _ in params}
    kept = tuple(pair for pair in request.params if pair[0] not in names)
    return replace(request, url=_without_params(request.url, names), params=(*kept, *params), validators=None)


def request_of_link(request: Request, link: str, base: str, field: str) -> Request:
    """Return the request of a document to which a page links. `base` is the address of the page.

    `request` is that of the first page, and `field` names the field of the spec that has chosen the link.

    Raises:
        ScrapeFailed: ExtractionError; what the page wrote is no http or https address.

    """
    try:
        url = resolve_location(parse_http_url(base), link)
    except InvalidValue as error:
        problem = str(error).partition(": ")[0]
        message = f"the page has a link that cannot be followed, since {problem}: choose another one by {field}"
        raise ScrapeFailed(Reason.EXTRACTION_ERROR, message) from None
    return for_address(request, str(url))


def for_address(request: Request, url: str) -> Request:
    """Return the request of a linked document: its address is taken as it is, and read with GET.

    `request` is that of the first page: its credentials stay with its origin.
    """
    headers = request.headers
    if not _is_same_origin(request.url, url):
        headers = tuple(pair for pair in headers if pair[0].lower() in HARMLESS_HEADERS)
    method = request.method if request.method == "HEAD" else "GET"
    return replace(request, url=url, params=(), method=method, headers=headers, body=b"", validators=None)


def _is_same_origin(one: str, other: str) -> bool:
    try:
        return origin_of(parse_http_url(one)) == origin_of(parse_http_url(other))
    except InvalidValue:
        return False


def _without_params(url: str, names: set[str]) -> str:
    address, mark, query = url.partition("#")[0].partition("?")
    if not mark:
        return url
    pairs = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in names]
    return f"{address}?{'&'.join(pairs)}" if pairs else address
