"""Changes of items: collected while items are stored, and written in the same transaction."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from scrape_operator.core.notifications.changes import MAX_CHANGES, ItemChange, ListedChanges, list_changes
from scrape_operator.core.runs.items import Change, ItemCounts, JSONValue, differing
from scrape_operator.storage.items.repeats import Reading
from scrape_operator.storage.tables import item_changes

Data = Mapping[str, JSONValue]

_CHANGES = insert(item_changes)


class ItemChanges:
    """Collects the changes of a transaction, and counts them by run. The first ones of `listed_runs` are kept."""

    def __init__(self, listed_runs: Collection[UUID] = ()) -> None:
        self._rows: list[dict[str, Any]] = []
        self._counts: dict[UUID, Counter[Change]] = defaultdict(Counter)
        self._listed: dict[UUID, list[ItemChange]] = {run_id: [] for run_id in listed_runs}

    def add(self, reading: Reading, key: str, change: Change, before: Data | None, after: Data | None) -> None:
        """Add a change; of a changed item only the fields that differ are stored."""
        if before is not None and after is not None:
            before, after = differing(before, after)
        self._counts[reading.run_id][change] += 1
        listed = self._listed.get(reading.run_id)
        if listed is not None and len(listed) < MAX_CHANGES:
            listed.append(ItemChange(reading.target, key, change, before, after))
        self._rows.append(
            {
                "schedule_uid": reading.uid,
                "target": reading.target,
                "key": key,
                "run_id": reading.run_id,
                "change": change.value,
                "before": None if before is None else dict(before),
                "after": None if after is None else dict(after),
                "at": reading.at,
            }
        )

    def write(self, connection: Connection) -> None:
        """Write the changes that are not written yet, in their order."""
        if self._rows:
            connection.execute(_CHANGES, self._rows)
            self._rows.clear()

    def listed(self, run_id: UUID) -> ListedChanges:
        """Return the changes of a run that messages list."""
        listed = self._listed.get(run_id, [])
        return list_changes(listed, self._counts[run_id].total() - len(listed))

    def counts(self, run_id: UUID, total_before: int) -> ItemCounts:
        """Return what a run changed; what is back counts as new."""
        of_run = self._counts[run_id]
        new, gone = of_run[Change.NEW] + of_run[Change.BACK], of_run[Change.GONE]
        return ItemCounts(total_before + new - gone, new, of_run[Change.CHANGED], gone)
