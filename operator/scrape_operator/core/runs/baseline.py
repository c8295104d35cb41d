"""What is usual for a target: its last good runs, which later ones are compared with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

from scrape_operator.core.shared import shared

BASELINE_RUNS = 10
"""Good runs that are remembered of a target. A good run succeeded in full and read its documents."""

PERCENT = 100
MIN_USUAL_PERCENT = 50
MIN_EVIDENCE = 3
"""A field is usual if it was found in half of the items of the median run, and in this many items in all."""


@dataclass(frozen=True, slots=True)
class GoodRun:
    """One good run: its number of items, and in how many percent of them each field was found."""

    items: int
    found: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The last good runs of a target, newest first."""

    runs: tuple[GoodRun, ...] = ()

    @classmethod
    def of(cls, runs: Iterable[GoodRun]) -> "Baseline":
        """Return the baseline of some runs, newest first."""
        baseline = cls(tuple(map(shared, runs)))
        return shared(baseline) if baseline.constant else baseline

    def with_run(self, run: GoodRun) -> "Baseline":
        """Return the baseline after another good run. Equal runs, as most are, share their memory."""
        runs = (shared(run), *self.runs[: BASELINE_RUNS - 1])
        return self if runs == self.runs else Baseline.of(runs)

    @property
    def constant(self) -> GoodRun | None:
        """Return the good run that all of them are equal to, or None. Such a run meets what it is compared with."""
        first = self.runs[0] if self.runs else None
        return first if all(run is first or run == first for run in self.runs) else None

    @property
    def median_items(self) -> float | None:
        """Return the median number of items, or None without a good run."""
        return median(run.items for run in self.runs) if self.runs else None

    def lost_fields(self, found: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        """Yield the fields that are usually found and now in no item, with their usual percentage.

        `found` says in how many percent of the items of the present run each field is found.
        """
        for name, percent in found.items():
            if percent == 0 and (usual := self._usual_percent(name)) >= MIN_USUAL_PERCENT:
                yield name, usual

    def _usual_percent(self, name: str) -> int:
        runs = [run for run in self.runs if name in run.found]
        evidence = sum(run.items * run.found[name] for run in runs)
        return round(median(run.found[name] for run in runs)) if evidence >= MIN_EVIDENCE * PERCENT else 0
