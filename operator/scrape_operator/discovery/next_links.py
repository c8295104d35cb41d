"""Finds what leads to the next page, in an HTML page and in a JSON document: a link, or a parameter with its number."""

import re
from collections.abc import Mapping
from functools import reduce
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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
_PAGE_PARAM = re.compile(r"[?&](page|p|pg|paged|pageno|page_?number)=(?:2|3)(?=&|#|$)", re.IGNORECASE)
_PAGE_NAMES = ("page", "currentPage", "current_page", "pageNumber", "page_number")
_PAGE_PLACES = ((), ("meta",), ("paging",), ("pagination",), ("page_info",), ("pageInfo",))
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


def find_page_param(root: Any) -> str:
    """Return the parameter to which links of an HTML page give the number of a further page, or an empty text."""
    found = (_PAGE_PARAM.search(element.get("href")) for element in root.iterfind(".//a[@href]"))
    return next((match[1] for match in found if match), "")


def find_json_page_param(url: str, document: object) -> str:
    """Return the parameter with the number of the page, if a JSON document says that it is page 1; else an empty text.

    It is the one of the address, of a link, or of the document's own name for the number.
    """
    of_url = [name for name, _value in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    for path in _PAGE_PLACES:
        place = reduce(_member, path, document)
        if not isinstance(place, dict):
            continue
        links = (_PAGE_PARAM.search(value) for value in place.values() if isinstance(value, str))
        if found := next(filter(None, links), None):
            return found[1]
        named = next((name for name in _PAGE_NAMES if type(place.get(name)) is int and place[name] == 1), None)
        if named is not None:
            return next((name for name in of_url if name.lower() in {"page", "p", named.lower()}), "page")
    return ""
