"""The record of one target in one run: its requests, items and losses. It can be read at any time during the run."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from scrape_operator.core.durations import format_duration
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.baseline import PERCENT, Baseline
from scrape_operator.core.runs.expectations import Breach, Expectations, Reading, find_breach
from scrape_operator.core.runs.items import Item, JSONValue
from scrape_operator.core.runs.keys import key_items
from scrape_operator.core.runs.losses import Losses
from scrape_operator.core.runs.outcome import Outcome, evaluate_target
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult, clip
from scrape_operator.core.runs.target_memory import FORGOTTEN, NO_MEMORY, Revalidation, TargetMemory
from scrape_operator.fetching.session import FetchSession
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.running.targets.kept_bodies import KeptBodies
from scrape_operator.running.targets.revalidation import Revalidator

MAX_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class RunScope:
    """What the targets of one run share. `timeout` is what leads to the deadline.

    `fresh_until` is the second due time after this run's; None where the schedule ends before.
    """

    scheduled_for: datetime
    zone: ZoneInfo
    deadline: Deadline
    timeout: timedelta
    fresh_until: datetime | None = None


@dataclass(slots=True)
class TargetRun:
    """The record of one target. Its steps write it; `evaluate` and `interrupt` make results of it.

    `failure` is what ended the reading early. `had_content` says whether any answer had something to read,
    `is_truncated` whether a limit ended the pages. `follow_links` has an entry for each item if details are read.
    `missing` counts the items that lack a field, `memory` is what earlier runs left.
    `revalidator` is there if the target is conditional.
    `context` is what an adapter was given, where one reads the target.
    """

    name: str
    scope: RunScope
    session: FetchSession
    clock: Clock
    started: float
    pages: int = 0
    items: list[Mapping[str, JSONValue]] = field(default_factory=list)
    follow_links: list[str | None] = field(default_factory=list)
    is_truncated: bool = False
    dropped: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    memory: TargetMemory = NO_MEMORY
    revalidator: Revalidator | None = None
    is_unmodified: bool = False
    hint: str = ""
    had_content: bool = False
    losses: Losses = field(default_factory=Losses)
    failure: ScrapeFailed | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    context: ScrapeContext | None = None
    kept: KeptBodies = field(default_factory=KeptBodies)
    _warnings: list[str] = field(default_factory=list)

    def warn(self, *messages: str) -> None:
        """Add what a person should know of this target; the first ones are kept, each once."""
        for message in messages:
            if len(self._warnings) < MAX_WARNINGS and message not in self._warnings:
                self._warnings.append(message)

    def add_page(self, page: PageExtraction) -> None:
        """Add what was read from one page."""
        self.pages += 1
        self.items.extend(page.items)
        self.follow_links.extend(page.follow_links)
        self.dropped += page.dropped
        self.missing.update(page.missing)
        self.warn(*page.warnings)

    def truncate(self, warning: str) -> None:
        """Record that a limit ended the pages: what is missing from the items may still be there."""
        self.is_truncated = True
        self.warn(warning)

    @property
    def is_fully_read(self) -> bool:
        """Whether nothing that is known to be there was left out."""
        return not (self.failure or self.losses.count or self.is_truncated)

    def timed_out(self) -> ScrapeFailed:
        """Return the failure of a target that was still being read at the run's deadline."""
        message = f"not done within the run's timeout of {format_duration(self.scope.timeout)} (spec.timeout)"
        return ScrapeFailed(Reason.TIMEOUT, message)

    def evaluate(self, expectations: Expectations, key: Sequence[str], fields: Sequence[str] = ()) -> TargetResult:
        """Return the result of a target that was read, in full or in part.

        `fields` are those that have selectors: what is usual for each of them is remembered.
        """
        keyed = key_items(self.items, key)
        self.warn(*keyed.warnings(key))
        dropped = self.dropped + keyed.keyless
        found = self._found(fields)
        self.warn(
            *(f"field {name}: found in 0 of {len(self.items)} items" for name, share in found.items() if not share)
        )
        failure = self.failure or self.losses.first_failure
        baseline = Baseline() if failure else self.memory.baseline  # what was lost would seem to have changed
        data = [item.data for item in keyed.items]
        breach = find_breach(expectations, Reading(data, self.had_content, dropped, found, baseline, self.hint))
        outcome = evaluate_target(breach, failure, has_items=bool(keyed.items))
        if not outcome.status.is_good:
            return self._result(outcome, breach=None if failure else breach)
        is_complete = not (failure or dropped or self.is_truncated)
        result = self._result(outcome, keyed.items, breach, found=found, is_complete=is_complete)
        return result if self.revalidator is None else replace(result, revalidation=self._revalidation(result))

    def _revalidation(self, result: TargetResult) -> Revalidation:
        """Return what the next run may compare with: only what is stored in full can stay as it is."""
        is_stored = result.status is RunStatus.SUCCEEDED and result.complete
        return self.revalidator.revalidation if self.revalidator is not None and is_stored else FORGOTTEN

    def _found(self, fields: Sequence[str]) -> dict[str, int]:
        """Return in how many percent of the items that were read each field was found, 0 only for none."""
        total = len(self.items)
        counts = {name: max(0, total - self.missing[name]) for name in fields} if total else {}
        return {name: math.ceil(count * PERCENT / total) for name, count in counts.items()}

    def unmodified(self) -> TargetResult:
        """Return the result of a target whose documents did not change: what is stored stays as it is."""
        return self._result(Outcome(RunStatus.SUCCEEDED, Reason.NOT_MODIFIED))

    def interrupt(self, outcome: Outcome) -> TargetResult:
        """Return the result of a target that did not end by itself: what it spent is kept, its items are not."""
        return self._result(outcome)

    def _result(
        self,
        outcome: Outcome,
        items: Sequence[Item] = (),
        breach: Breach | None = None,
        *,
        found: Mapping[str, int] = MappingProxyType({}),
        is_complete: bool = False,
    ) -> TargetResult:
        traffic = self.session.traffic
        return TargetResult(
            self.name,
            outcome.status,
            outcome.reason,
            outcome.message,
            http_status=traffic.http_status,
            duration=self.clock.monotonic() - self.started,
            requests=traffic.requests,
            bytes=traffic.bytes,
            pages=self.pages,
            items=items,
            warnings=(*self.losses.describe(), *self.session.warnings, *self._warnings)[:MAX_WARNINGS],
            breach=None if breach is None else clip(breach.message),
            complete=is_complete,
            found=found,
            bodies=self.kept.for_outcome(outcome.status),
            phases=self.phases,
        )
