"""One target in one run: what it requested, read and lost so far. Readable while it goes on, and however it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scrape_operator.core.durations import format_duration
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.expectations import Breach, Expectations, find_breach
from scrape_operator.core.runs.items import Item, JSONValue
from scrape_operator.core.runs.keys import key_items
from scrape_operator.core.runs.losses import Losses
from scrape_operator.core.runs.outcome import Outcome, evaluate_target
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import TargetResult, clip
from scrape_operator.fetching.session import FetchSession
from scrape_operator.platforms.port import ScrapeContext

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
    had_content: bool = False
    losses: Losses = field(default_factory=Losses)
    failure: ScrapeFailed | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    context: ScrapeContext | None = None
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
        self.warn(*page.warnings)

    def truncate(self, warning: str) -> None:
        """Record that a limit ended the pages: what is missing from the items may still be there."""
        self.is_truncated = True
        self.warn(warning)

    def timed_out(self) -> ScrapeFailed:
        """Return the failure of a target that was still being read at the run's deadline."""
        message = f"not done within the run's timeout of {format_duration(self.scope.timeout)} (spec.timeout)"
        return ScrapeFailed(Reason.TIMEOUT, message)

    def evaluate(self, expectations: Expectations, key: Sequence[str]) -> TargetResult:
        """Return the result of a target that was read, in full or in part."""
        keyed = key_items(self.items, key)
        self.warn(*keyed.warnings(key))
        dropped = self.dropped + keyed.keyless
        data = [item.data for item in keyed.items]
        breach = find_breach(expectations, data, had_content=self.had_content, dropped=dropped)
        failure = self.failure or self.losses.first_failure
        outcome = evaluate_target(breach, failure, has_items=bool(keyed.items))
        if not outcome.status.is_good:
            return self._result(outcome, breach=None if failure else breach)
        return self._result(outcome, keyed.items, breach, is_complete=not (failure or dropped or self.is_truncated))

    def interrupt(self, outcome: Outcome) -> TargetResult:
        """Return the result of a target that did not end by itself: what it spent is kept, its items are not."""
        return self._result(outcome)

    def _result(
        self,
        outcome: Outcome,
        items: Sequence[Item] = (),
        breach: Breach | None = None,
        *,
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
            warnings=(*self.losses.describe(), *self._warnings)[:MAX_WARNINGS],
            breach=None if breach is None else clip(breach.message),
            complete=is_complete,
            phases=self.phases,
        )
