"""Finds the selector of the link to the next page, in an HTML page and in a JSON document."""

from collections.abc import Mapping
from functools import reduce
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


_JSON_CANDIDATES = (
    ("next",),
    ("links", "next"),
    ("_links", "next", "href"),
    ("meta", "next"),
    ("paging", "next"),
    ("pagination", "next"),
)
_LINK_STARTS = ("http://", "https://", "/", "?")


def find_json_next_link(document: object) -> Mapping[str, str] | None:
    """Return the selector of the address of the next page, or None."""
    for path in _JSON_CANDIDATES:
        link = reduce(_member, path, document)
        if isinstance(link, str) and link.startswith(_LINK_STARTS):
            return {"jmespath": ".".join(path)}
    return None


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def find_next_link(root: Any) -> Mapping[str, str] | None:
    """Return the selector of the link to the next page, or None."""
    for selector in _CANDIDATES:
        if any(element.get("href") for element in root.cssselect(selector)):
            return {"css": f"{selector}::attr(href)"}
    return None
