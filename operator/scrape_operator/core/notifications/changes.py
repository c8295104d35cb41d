"""The changes that a message lists: the net change of each item over several runs, within bounds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scrape_operator.core.runs.items import Change, JSONValue, differing

Fields = Mapping[str, JSONValue]

MAX_CHANGES = 100
MAX_BYTES = 48 * 1024
"""Of the changes of one message as JSON in UTF-8. The message itself stays below 64 KiB."""


class ItemChange(NamedTuple):
    """How an item changed. Of a changed one, `before` and `after` have the fields that differ; else all fields."""

    target: str
    key: str
    change: Change
    before: Fields | None
    after: Fields | None


class ListedChanges(NamedTuple):
    """The changes that a message lists, and how many it leaves out."""

    changes: Sequence[ItemChange]
    omitted: int = 0


def list_changes(changes: Iterable[ItemChange], omitted: int = 0) -> ListedChanges:
    """Return the first changes that are within the bounds; one that is too long by itself is left out."""
    listed: list[ItemChange] = []
    size = 0
    for change in changes:
        added = size_of(change)
        if len(listed) >= MAX_CHANGES or size + added > MAX_BYTES:
            omitted += 1
            continue
        listed.append(change)
        size += added
    return ListedChanges(listed, omitted)


def merge_changes(earlier: ListedChanges, later: ListedChanges) -> ListedChanges:
    """Return the net changes of two messages, of which the later one follows the earlier one.

    An item that changed in both has one change, in the place of the later one. It has none where the later change
    undid the earlier one.
    """
    merged = {(change.target, change.key): change for change in earlier.changes}
    for change in later.changes:
        before = merged.pop((change.target, change.key), None)
        net = change if before is None else net_change(before, change)
        if net is not None:
            merged[change.target, change.key] = net
    return list_changes(merged.values(), earlier.omitted + later.omitted)


def net_change(first: ItemChange, second: ItemChange) -> ItemChange | None:
    """Return the one change that two changes of an item amount to, or None where they amount to nothing.

    Changes that do not follow each other, because one between them was left out, give the second.
    """
    appeared, disappeared = {Change.NEW, Change.BACK}, second.change is Change.GONE
    if first.change in appeared:
        if disappeared:
            return None
        return _edited(first, second) if second.change is Change.CHANGED else second
    if first.change is Change.CHANGED:
        if second.change is Change.CHANGED:
            return _changed_twice(first, second)
        return second._replace(before=_undone(first, second.before or {})) if disappeared else second
    if second.change in appeared:
        before, after = differing(first.before or {}, second.after or {})
        return second._replace(change=Change.CHANGED, before=before, after=after) if before or after else None
    return second


def size_of(change: ItemChange) -> int:
    """Return how many bytes a change takes in a message."""
    return len(json.dumps(change_record(change), ensure_ascii=False).encode("utf-8", "replace"))


def change_record(change: ItemChange) -> dict[str, JSONValue]:
    """Return a change as messages show it."""
    return {
        "target": change.target,
        "key": change.key,
        "change": change.change.value,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
    }


def _edited(appeared: ItemChange, changed: ItemChange) -> ItemChange:
    """Return the appearance of an item with the fields that it has after a change."""
    removed = (changed.before or {}).keys() - (changed.after or {}).keys()
    fields = {**(appeared.after or {}), **(changed.after or {})}
    return appeared._replace(after={name: value for name, value in fields.items() if name not in removed})


def _changed_twice(first: ItemChange, second: ItemChange) -> ItemChange | None:
    before = {**(second.before or {}), **(first.before or {})}
    after = {**(first.after or {}), **(second.after or {})}
    for name in (first.after or {}).keys() - (first.before or {}).keys():
        before.pop(name, None)  # the first change added the field
    for name in (second.before or {}).keys() - (second.after or {}).keys():
        after.pop(name, None)  # the second one removed it
    before, after = differing(before, after)
    return second._replace(before=before, after=after) if before or after else None


def _undone(changed: ItemChange, fields: Fields) -> Fields:
    """Return the fields of an item as they were before a change."""
    added = (changed.after or {}).keys() - (changed.before or {}).keys()
    return {name: value for name, value in {**fields, **(changed.before or {})}.items() if name not in added}
