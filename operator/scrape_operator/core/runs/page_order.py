"""The order of a list's items on its pages: whether an item may have moved past a reader between two requests."""

from array import array
from collections.abc import Iterable, Mapping, Sequence

from scrape_operator.core.runs.items import JSONValue, key_hash

PageKeys = tuple[int, ...]
"""The hashes of the keys of one page's items, in their order. They compare items of one list, and are not stored."""


def page_keys(items: Iterable[Mapping[str, JSONValue]], key: Sequence[str]) -> PageKeys:
    """Return the hashes of the keys of items."""
    return tuple(key_hash(item, key) for item in items)


def pack(hashes: Iterable[int]) -> Sequence[int]:
    """Return hashes in 8 bytes each, without those that come again."""
    return array("Q", dict.fromkeys(hashes))


def has_repeats(pages: Sequence[PageKeys]) -> bool:
    """Return whether an item is on two pages: the list moved, or shows the item on each of its pages."""
    seen: set[int] = set()
    for page in pages:
        if not seen.isdisjoint(page):
            return True
        seen.update(page)
    return False


def has_gap(known: Sequence[int], pages: Sequence[PageKeys]) -> bool:
    """Return whether an item of the last run is missing between two pages or at the end.

    Such an item may still be in the list: it moved to the page before, after that was read. One that is missing
    between two items of one page was removed, unless the list was sorted anew. `known` are the items of the last run,
    in their order.
    """
    places = {item: number for number, page in enumerate(pages) for item in page}
    last, is_missing = 0, False
    for item in known:
        place = places.get(item)
        if place is None:
            is_missing = True
        elif is_missing and place != last:
            return True
        else:
            last, is_missing = place, False
    return is_missing
