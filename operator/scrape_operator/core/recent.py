"""A dictionary of bounded size."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def _one(_key: object, _value: object) -> int:
    return 1


class Recent(MutableMapping[Key, Value]):
    """Keeps the entries that were set last, with a weight of `limit` at most.

    `weigh` returns the weight of an entry, such as its bytes; without it each entry weighs 1. An entry that alone
    exceeds the limit is not kept.
    """

    def __init__(self, limit: int, weigh: Callable[[Key, Value], int] = _one) -> None:
        self._entries: dict[Key, Value] = {}
        self._left = limit
        self._weigh = weigh

    def __getitem__(self, key: Key) -> Value:
        return self._entries[key]

    def __setitem__(self, key: Key, value: Value) -> None:
        if key in self._entries:
            del self[key]
        self._entries[key] = value
        self._left -= self._weigh(key, value)
        while self._left < 0:
            del self[next(iter(self._entries))]

    def __delitem__(self, key: Key) -> None:
        self._left += self._weigh(key, self._entries.pop(key))

    def __iter__(self) -> Iterator[Key]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
