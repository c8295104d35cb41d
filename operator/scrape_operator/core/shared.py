"""One object for equal values. Most schedules have the same settings and the same results as many others."""

from collections.abc import Hashable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

REMEMBERED = 4096
"""Values. One that was not asked for recently is dropped, and later equal ones are another object."""


def shared(value: T) -> T:
    """Return an object that is equal to `value` and of its type: that of an earlier call, if it is remembered.

    The value must not change, and must be hashable.
    """
    first: T = _first_of_equal(value)
    return first


@lru_cache(REMEMBERED, typed=True)
def _first_of_equal(value: T) -> T:
    return value
