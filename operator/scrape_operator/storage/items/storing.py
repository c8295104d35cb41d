"""Stores the items of runs: what is new, changed, seen again or gone. Called by `finishing`, in its transaction."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection

from scrape_operator.core.runs.items import Item, ItemCounts, ItemMode
from scrape_operator.core.runs.run import RunResult, TargetResult
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.items.changes import ItemChanges
from scrape_operator.storage.items.missing import mark_gone
from scrape_operator.storage.items.repeats import Reading, Repeats, fingerprint_of
from scrape_operator.storage.items.sightings import Sighting, TargetItems, store_sightings


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
    read = list(_targets(results))
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


def _targets(results: Sequence[RunResult]) -> Iterator[TargetItems]:
    """Yield the targets that change items, by UID and name, so that replicas lock rows in one order."""
    for result in sorted(results, key=lambda result: result.claim.schedule_uid):
        for target in sorted(result.targets, key=lambda target: target.target):
            is_whole = target.is_whole_snapshot
            if target.status.is_good and (target.items or is_whole):
                yield _target_items(result, target, is_whole=is_whole)


def _target_items(result: RunResult, target: TargetResult, *, is_whole: bool) -> TargetItems:
    is_append = target.mode is ItemMode.APPEND
    prefix = f"{result.claim.id.hex}:" if is_append else ""
    items: dict[str, Item] = {prefix + clean_text(item.key): item for item in target.items}
    fingerprint = b"" if is_append else fingerprint_of({key: item.content_hash for key, item in items.items()})
    reading = Reading(
        clean_text(result.claim.schedule_uid),
        clean_text(target.target),
        result.claim.id,
        result.completed_at,
        len(items),
        fingerprint,
    )
    return TargetItems(reading, items, is_whole)


def _sightings(target: TargetItems) -> Iterator[Sighting]:
    return (Sighting(target.reading, key, target.items[key]) for key in sorted(target.items))
