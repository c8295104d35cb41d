"""How further pages of a target are found: `paginate`."""

from typing import Annotated, ClassVar

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.extract import Selector
from scrape_operator.api.kinds.values import Expression, Integer, ParameterName
from scrape_operator.api.rules import Rule, exactly_one

Relation = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
Start = Annotated[int, Integer(0, 1_000_000_000)]


class NextLink(ApiModel):
    """Where a page gives the URL of the next page, in exactly one way."""

    css: Expression | None = None
    """A CSS selector of the URL, such as li.next > a::attr(href)."""

    xpath: Expression | None = None
    """An XPath 1.0 expression of the URL, such as //a[@rel='next']/@href."""

    jmespath: Expression | None = None
    """A JMESPath expression of the URL, such as links.next."""

    regex: Expression | None = None
    """An RE2 regular expression whose group 1, or whole match, is the URL, such as next: (\\S+)."""

    link_header: Relation | None = None
    """The relation of the link in the Link header (RFC 8288), such as next."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("css", "xpath", "jmespath", "regex", "linkHeader"),)


class PageParameter(ApiModel):
    """A query parameter with the number of the page."""

    name: ParameterName
    """The name of the parameter, such as page."""

    start: Start = 1
    """The number of the first page."""

    step: Annotated[int, Integer(1, 1_000_000)] = 1
    """The difference between the numbers of two pages."""


class OffsetParameter(ApiModel):
    """A query parameter with the number of items before the page."""

    name: ParameterName
    """The name of the parameter for the offset, such as skip."""

    start: Start = 0
    """The offset of the first page."""

    limit_name: ParameterName | None = None
    """The name of the parameter for the limit, such as take. Absent: the limit is not sent."""

    limit: Annotated[int, Integer(1, 1_000_000)]
    """The number of items on a page, by which the offset grows, such as 100."""


class Cursor(ApiModel):
    """A query parameter with a value from the page before."""

    param: ParameterName
    """The name of the parameter, such as cursor."""

    from_: Selector = Bounds(alias="from")
    """The selector of the cursor in a page. If it matches nothing, the page was the last."""


class Paginate(ApiModel):
    """How further pages are found, in exactly one way.

    Reading stops at maxPages, at an empty page, at a page without a next one, and at a page that was read before.
    """

    next_link: NextLink | None = None
    """The page gives the URL of the next page."""

    page_param: PageParameter | None = None
    """A query parameter counts pages."""

    offset_param: OffsetParameter | None = None
    """A query parameter counts items."""

    cursor: Cursor | None = None
    """The page gives the value of a query parameter for the next request."""

    max_pages: Annotated[int, Integer(1, 10_000)] = 10
    """The largest number of pages of one reading, the first included. A list that may have moved is read again."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("nextLink", "pageParam", "offsetParam", "cursor"),)
