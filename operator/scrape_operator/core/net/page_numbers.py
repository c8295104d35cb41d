"""Whether the addresses of pages count them: a page is then a place in the list, and not what follows an item."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from operator import ne
from typing import NamedTuple

_NUMBER = re.compile(r"(\d{1,9})")
_FIRST_NUMBERS = ("1", "2")
"""Of the second page, where the first address has no number."""


class _Step(NamedTuple):
    """From one address to the next: the place of the only number that differs, and by how much it grows."""

    place: int
    size: int


def are_counted(addresses: Sequence[str], first_size: int) -> bool:
    """Return whether the addresses of a list's pages differ by one number only, which grows in equal steps.

    The first address may have no number. `first_size` is the number of items of the first page: the second one may
    begin there.
    """
    parts = [_NUMBER.split(_path_of(address)) for address in addresses]
    if not parts[1:]:
        return False
    if _step(parts[0], parts[1]) is None:
        first = Counter(parts.pop(0)[1::2])
        if len(parts) == 1:
            new = Counter(parts[0][1::2]) - first
            return any(number in new for number in (*_FIRST_NUMBERS, str(first_size)))
    steps = {_step(one, other) for one, other in pairwise(parts)}
    return None not in steps and len(steps) == 1


def _path_of(address: str) -> str:
    """Return path and query: numbers of a host and of a port count nothing."""
    return address.partition("://")[2].partition("/")[2]


def _step(one: Sequence[str], other: Sequence[str]) -> _Step | None:
    """Return how two addresses differ, or None where it is not by one number that grows."""
    if len(one) != len(other):
        return None
    places = [place for place, differs in enumerate(map(ne, one, other)) if differs]
    if len(places) != 1 or places[0] % 2 == 0:
        return None
    size = int(other[places[0]]) - int(one[places[0]])
    return _Step(places[0], size) if size > 0 else None
