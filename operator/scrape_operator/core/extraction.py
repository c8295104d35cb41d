"""Documents, and what is extracted from them: the values that fetching, extraction and targets exchange."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.schedule.time_zones import UTC_ZONE


@dataclass(frozen=True, slots=True)
class Document:
    """A body to extract from, and the facts about its request that fields may refer to.

    `url` is the address that answered. `time_zone` applies to dates that name no zone. `wants_hints` says whether
    fields that no item has are to be explained.
    """

    body: bytes
    url: str
    content_type: str = ""
    scheduled_for: datetime | None = None
    fetched_at: datetime | None = None
    time_zone: ZoneInfo = UTC_ZONE
    wants_hints: bool = False


@dataclass(frozen=True, slots=True)
class PageExtraction:
    """What was extracted from one document.

    Attributes:
        items: The items, in document order.
        matched: The number of nodes that the items selector gave.
        dropped: The number of items that are left out for lack of a required field, or could not be read.
        missing: The number of items that lack a field, by its name.
        lacking: The number of items that are left out for lack of a required field, by its name.
        warnings: Sentences for the user, bounded in number and length.
        next_link: The absolute address of the next page, by `paginate.nextLink`.
        cursor: The value for the next request, by `paginate.cursor.from`.
        follow_links: The absolute address of each item's detail document, by `follow.link`: one entry per item, or
            none at all where nothing is followed.
        hint: Why the page gave no item, as far as its selectors show.
        field_hints: Why some fields were found in no item, by their names, if the document `wants_hints`.

    """

    items: Sequence[Mapping[str, JSONValue]]
    matched: int
    dropped: int
    missing: Mapping[str, int] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    next_link: str | None = None
    cursor: str | None = None
    follow_links: Sequence[str | None] = field(default_factory=list)
    hint: str = ""
    field_hints: Mapping[str, str] = field(default_factory=dict)
