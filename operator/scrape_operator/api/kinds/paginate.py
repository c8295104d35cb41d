"""How a target's further pages are found: `paginate`."""

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
    """Where a page names the address of the next one, in exactly one way."""

    css: Expression | None = None
    """A CSS selector that gives the address, such as li.next > a::attr(href)."""

    xpath: Expression | None = None
    """An XPath expression that gives the address."""

    jmespath: Expression | None = None
    """A JMESPath expression that gives the address."""

    regex: Expression | None = None
    """A regular expression whose group 1, or whole match, is the address."""

    link_header: Relation | None = None
    """The relation of the link in the header Link (RFC 8288) that leads on, usually next."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("css", "xpath", "jmespath", "regex", "linkHeader"),)


class PageParameter(ApiModel):
    """Counts pages in a query parameter."""

    name: ParameterName
    """The name of the parameter."""

    start: Start = 1
    """The number of the first page."""

    step: Annotated[int, Integer(1, 1_000_000)] = 1
    """What the number grows by."""


class OffsetParameter(ApiModel):
    """Counts items in a query parameter."""

    name: ParameterName
    """The name of the parameter that holds the offset."""

    start: Start = 0
    """The offset of the first page."""

    limit_name: ParameterName | None = None
    """The name of the parameter that holds the limit. Absent: the limit isn't sent."""

    limit: Annotated[int, Integer(1, 1_000_000)]
    """Items on a page: what the offset grows by."""


class Cursor(ApiModel):
    """Sends what one page gives as a parameter of the next request."""

    param: ParameterName
    """The name of the parameter."""

    from_: Selector = Bounds(alias="from")
    """Finds the cursor in a page; none found ends the pages."""


class Paginate(ApiModel):
    """Reads further pages, found in exactly one way. Stops at an empty page, at none next, and at one seen before."""

    next_link: NextLink | None = None
    """The page names the next address."""

    page_param: PageParameter | None = None
    """A parameter counts pages."""

    offset_param: OffsetParameter | None = None
    """A parameter counts items."""

    cursor: Cursor | None = None
    """The page gives a cursor for the next request."""

    max_pages: Annotated[int, Integer(1, 10_000)] = 10
    """Pages of one run at the most, the first included: 1 to 10000."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("nextLink", "pageParam", "offsetParam", "cursor"),)
