"""Links to a next page: what an HTML page says of them."""

from typing import Any

_CANDIDATES = (
    "a[rel~=next]",
    "link[rel~=next]",
    "li.next > a",
    "a.next",
    "a.next-page",
    "a.pagination-next",
    ".pagination .next a",
)


def find_next_link(root: Any) -> str | None:
    """Return the selector of the link to the next page, or None."""
    for selector in _CANDIDATES:
        if any(element.get("href") for element in root.cssselect(selector)):
            return f"{selector}::attr(href)"
    return None
