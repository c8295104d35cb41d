"""Stores the items of runs: what is new, changed, seen again or gone. Called by `finishing`, in its transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from scrape_operator.core.runs.items import Item, ItemCounts, ItemMode
from scrape_operator.core.runs.repeated_items import RepeatedItems
from scrape_operator.core.runs.run import RunResult, TargetResult
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.items.changes import ItemChanges
from scrape_operator.storage.items.missing import mark_gone
from scrape_operator.storage.items.repeats import Reading, Repeats, fingerprint_of
from scrape_operator.storage.items.sightings import Sighting, store_sightings


class _TargetItems(NamedTuple):
    """The items of a target; `items` returns them by key. `is_whole` says that there are no others."""

    reading: Reading
    items: Callable[[], Mapping[str, Item]]
    is_whole: bool


def store_items(
    connection: Connection,
    results: Sequence[RunResult],
    totals: Mapping[UUID, int],
    repeats: Repeats,
    changes: ItemChanges,
) -> dict[UUID, ItemCounts]:
    """Store the items of all targets that were good, and add what that changed to `changes`. Return the counts by run.

    `totals` are the numbers of items that the runs' schedules had before. No two of the results may be of one
    schedule. An item that was gone and is back counts as new: it adds to the total as a new one does.
    """
    read = list(_targets(results, repeats))
    settled = repeats.settle(connection, [target.reading for target in read if target.reading.fingerprint])
    others = [target for target in read if (target.reading.run_id, target.reading.target) not in settled]
    store_sightings(connection, [sighting for target in others for sighting in _sightings(target)], changes)
    mark_gone(connection, [target.reading for target in read if target.is_whole], changes)
    changes.write(connection)
    counts = {result.claim.id: changes.counts(result.claim.id, totals[result.claim.id]) for result in results}
    for target in read:
        if target.reading.fingerprint:
            repeats.remember(target.reading, counts[target.reading.run_id].total)
    return counts


def _targets(results: Sequence[RunResult], repeats: Repeats) -> Iterator[_TargetItems]:
    """Yield the targets that change items, by UID and name, so that replicas lock rows in one order."""
    for result in sorted(results, key=lambda result: result.claim.schedule_uid):
        for target in sorted(result.targets, key=lambda target: target.target):
            is_whole = target.is_whole_snapshot
            if target.status.is_good and (target.items or is_whole):
                yield _target_items(result, target, repeats, is_whole=is_whole)


def _target_items(result: RunResult, target: TargetResult, repeats: Repeats, *, is_whole: bool) -> _TargetItems:
    uid, name = clean_text(result.claim.schedule_uid), clean_text(target.target)
    if isinstance(target.items, RepeatedItems) and (last := repeats.last(uid, name, target.items.of_run)):
        reading = replace(last, run_id=result.claim.id, at=result.completed_at)
        return _TargetItems(reading, partial(_by_key, target.items), is_whole)
    is_append = target.mode is ItemMode.APPEND
    items = _by_key(target.items, f"{result.claim.id.hex}:" if is_append else "")
    fingerprint = b"" if is_append else fingerprint_of({key: item.content_hash for key, item in items.items()})
    reading = Reading(uid, name, result.claim.id, result.completed_at, len(items), fingerprint)
    return _TargetItems(reading, lambda: items, is_whole)


def _by_key(items: Sequence[Item], prefix: str = "") -> Mapping[str, Item]:
    return {prefix + clean_text(item.key): item for item in items}


def _sightings(target: _TargetItems) -> Iterator[Sighting]:
    items = target.items()
    return (Sighting(target.reading, key, items[key]) for key in sorted(items))
