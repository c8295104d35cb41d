"""Replays: an earlier run whose responses were kept, and how what they give now differs from what is stored."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.items import Change, ItemMode, JSONValue, differing
from scrape_operator.core.runs.run import TargetResult

Data = Mapping[str, JSONValue]


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run with its kept responses by target. `later_runs` counts the runs after it that stored items."""

    id: UUID
    schedule_uid: str
    namespace: str
    name: str
    generation: int
    scheduled_for: datetime
    started_at: datetime
    later_runs: int
    bodies: Mapping[str, Sequence[KeptBody]]

    @property
    def responses(self) -> int:
        """The number of responses."""
        return sum(map(len, self.bodies.values()))


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it is stored."""

    content_hash: str
    data: Data
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What storing a replay does to one item; of a changed item only the fields that differ."""

    target: str
    key: str
    change: Change
    before: Data | None
    after: Data | None


@dataclass(frozen=True, slots=True)
class TargetDifferences:
    """The differences of one target, and the number of items that stay as they are stored."""

    result: TargetResult
    differences: Sequence[Difference]
    same: int

    @property
    def counts(self) -> Counter[Change]:
        """The number of differences of each kind."""
        return Counter(difference.change for difference in self.differences)


def compare(result: TargetResult, stored: Mapping[str, StoredItem]) -> TargetDifferences:
    """Compare the items of a target with those that are stored, by key. A target that failed stores nothing."""
    if not result.status.is_good:
        return TargetDifferences(result, (), 0)
    differences = list(_differences(result, {} if result.mode is ItemMode.APPEND else stored))
    read = sum(difference.change is not Change.GONE for difference in differences)
    return TargetDifferences(result, differences, len(result.items) - read)


def _differences(result: TargetResult, stored: Mapping[str, StoredItem]) -> Iterator[Difference]:
    for item in result.items:
        before = stored.get(item.key)
        if before is None:
            yield Difference(result.target, item.key, Change.NEW, None, item.data)
            continue
        after = item.completed_by(before.data)
        if before.is_gone:
            yield Difference(result.target, item.key, Change.BACK, None, after.data)
        elif before.content_hash != after.content_hash:
            yield Difference(result.target, item.key, Change.CHANGED, *differing(before.data, after.data))
    if result.is_whole_snapshot:
        seen = {item.key for item in result.items}
        for key, before in stored.items():
            if key not in seen and not before.is_gone:
                yield Difference(result.target, key, Change.GONE, before.data, None)
