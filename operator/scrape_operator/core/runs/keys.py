"""The identity of items within one target of one run: unique keys, and what had no key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scrape_operator.core.runs.items import Item, JSONValue


@dataclass(frozen=True, slots=True)
class KeyedItems:
    """Items with unique keys.

    Attributes:
        items: The items.
        duplicates: The number of items that a later one replaced.
        keyless: The number of items without any key.
        conflicts: The number of duplicates whose fields were not those of the item that replaced them.
        unknown: The number of items with a field of the key that could not be read.

    """

    items: tuple[Item, ...]
    duplicates: int
    keyless: int
    conflicts: int
    unknown: int

    def warnings(self, key: Sequence[str]) -> list[str]:
        """Return one line for each kind of item that is not kept as it was read."""
        lines = []
        if self.keyless:
            missing = f"all parts of extract.key are missing ({', '.join(key)})"
            remedy = "correct their selectors, or choose other fields for the key"
            lines.append(f"dropped {self.keyless} items: {missing}; {remedy}")
        if self.unknown:
            lines.append(
                f"{self.unknown} items are not stored in this run, and those stored stay: a part of extract.key "
                f"({', '.join(key)}) is in a detail document that could not be read"
            )
        if self.duplicates:
            named = f"the same extract.key ({', '.join(key)})" if key else "the same values in all fields"
            lines.append(f"{self.duplicates} items repeat another one with {named}: the last of each is kept")
        return lines


def key_items(
    data: Iterable[Mapping[str, JSONValue]],
    key: Sequence[str],
    unread: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> KeyedItems:
    """Identify what was read by the fields in `key`, or by all fields if it is empty.

    `unread` are the fields that could not be read, by the number of the item from 0. Of items with one key the last
    counts, in the place of the first. An item whose key parts are all null is dropped. One with a part that could not
    be read may be any of those that are stored: it is left out.
    """
    kept: dict[str, Item] = {}
    key_of_none = Item.of({}, key).key if key else None
    keyless = conflicts = unknown = duplicates = 0
    for number, values in enumerate(data):
        item = Item.of(values, key)
        if number in unread:
            item = item._replace(unread=unread[number])
            if not set(key).isdisjoint(item.unread):
                unknown += 1
                continue
        if item.key == key_of_none:
            keyless += 1
            continue
        before = kept.get(item.key)
        duplicates += before is not None
        conflicts += before is not None and before.content_hash != item.content_hash
        kept[item.key] = item
    return KeyedItems(tuple(kept.values()), duplicates, keyless, conflicts, unknown)
