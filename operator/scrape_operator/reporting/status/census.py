"""Counts what the written statuses say, as they are written: a scrape of the metrics costs nothing per schedule."""

from collections import Counter
from collections.abc import Mapping

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.pauses import Pause
from scrape_operator.reporting.status.condition_types import FALSE, TRUE, UNKNOWN, ConditionReason, ConditionType
from scrape_operator.reporting.status.written import WrittenCondition

OTHER = "Other"
_TYPES = frozenset(map(str, ConditionType))
_STATUSES = frozenset({TRUE, FALSE, UNKNOWN})
_REASONS = frozenset(str(reason) for kind in (Reason, ConditionReason, Pause) for reason in kind)

Cell = tuple[str, str, str]
"""Type, status and reason of a condition."""


class ConditionCensus:
    """How many schedules have each condition. Unknown words count as Other, so the cells are few."""

    def __init__(self) -> None:
        self._cells: Counter[Cell] = Counter()

    def replace(self, before: tuple[WrittenCondition, ...], after: tuple[WrittenCondition, ...]) -> None:
        """Count `after` instead of `before`."""
        for known in before:
            self._add(known, -1)
        for known in after:
            self._add(known, 1)

    def counts(self) -> Mapping[Cell, int]:
        """Return type, status and reason -> number of schedules."""
        return dict(self._cells)

    def _add(self, known: WrittenCondition, number: int) -> None:
        if known.type not in _TYPES or known.status not in _STATUSES:
            return
        cell = (known.type, known.status, known.reason if known.reason in _REASONS else OTHER)
        self._cells[cell] += number
        if not self._cells[cell]:
            del self._cells[cell]
