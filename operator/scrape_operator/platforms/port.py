"""What an adapter is, and what a run gives it. `running` calls adapters through this; plug-ins implement it.

An adapter asks through the Fetcher that it is given, and through nothing else: limits, retries, budgets and counts of
requests are the caller's. It keeps nothing between two calls.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.host_budgets import HostBudget
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.losses import Losses
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload

ITEMS = "items"
"""The subject of a promise about the items of a scrape; the caller counts what was yielded."""
MAX_PROMISES = 10_000
MAX_NOTES_KEPT = 20
MAX_KINDS_COUNTED = 500
"""Names come from the far side: so many are counted apart, all further ones as `…`."""


class Phase(StrEnum):
    """What a scrape of a platform is at: its target's row and the metrics say so."""

    DISCOVERING = "discovering"
    SCRAPING = "scraping"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class ScrapeContext:
    """One scrape of one platform: its times go in, what a person should know of it comes out.

    `on_phase` is called with each phase as it begins. The rest is for reading afterwards: `losses` are those of the
    target; `unknown` counts what the platform offers and the adapter has no word for, by the platform's name;
    `counters` counts what was seen, such as requests, pages and events. `memo` is for the adapter alone: `scrape` may
    leave there what `sink_payload` needs.
    """

    scheduled_for: datetime
    now: Callable[[], datetime] = _utc_now
    on_phase: Callable[[Phase], None] | None = None
    phase: Phase = Phase.DISCOVERING
    entered: list[tuple[Phase, datetime]] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    notes: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)
    _promised: dict[str, int | None] = field(default_factory=dict)
    _delivered: dict[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether everything was read: only then may what is missing be taken as gone."""
        return not self.losses.count

    def enter(self, phase: Phase) -> None:
        """Record that a phase begins."""
        self.phase = phase
        self.entered.append((phase, self.now()))
        if self.on_phase is not None:
            self.on_phase(phase)

    def timings(self) -> Mapping[Phase, float]:
        """Return the seconds that each phase took, the last one until now."""
        ends = [at for _, at in self.entered[1:]] + [self.now()]
        seconds: dict[Phase, float] = {}
        for (phase, began), ended in zip(self.entered, ends, strict=True):
            seconds[phase] = seconds.get(phase, 0.0) + (ended - began).total_seconds()
        return seconds

    def lose(self, subject: str, failure: ScrapeFailed, count: int = 1) -> None:
        """Record that something exists and was not read. The target is then incomplete."""
        self.losses.add(subject, failure, count)

    def promise(self, count: int | None, subject: str = ITEMS) -> None:
        """Record how many of something the platform says there are, or None where it does not say.

        A scrape is complete only if as many are delivered. Of several counts for one subject the largest is kept.
        """
        if subject in self._promised or len(self._promised) < MAX_PROMISES:
            known = self._promised.get(subject)
            self._promised[subject] = count if known is None else max(known, count or 0)

    def deliver(self, count: int = 1, subject: str = ITEMS) -> None:
        """Record that some of what was promised, or may yet be, was read."""
        if subject in self._delivered or len(self._delivered) < MAX_PROMISES:
            self._delivered[subject] = self._delivered.get(subject, 0) + count

    def settle(self) -> None:
        """Record a loss for each promise that was not kept. The caller does so once, when the scrape has ended."""
        for subject, promised in self._promised.items():
            delivered = self._delivered.get(subject, 0)
            if promised is None:
                message = f"the platform gives no number of {subject}: nothing proves that all were read"
                self.lose(subject, ScrapeFailed(Reason.EXPECTATION_FAILED, message))
            elif delivered < promised:
                message = f"the platform counts {promised} {subject}, {delivered} were read"
                missing = promised - delivered
                self.lose(f"{missing} {subject}", ScrapeFailed(Reason.EXPECTATION_FAILED, message), missing)
        self._promised.clear()

    def note(self, message: str) -> None:
        """Add a warning. Warnings after the first few are dropped."""
        if len(self.notes) < MAX_NOTES_KEPT:
            self.notes.append(message)

    def count(self, name: str, by: int = 1) -> None:
        """Add to one of the adapter's own counters."""
        self.counters[name] = self.counters.get(name, 0) + by

    def count_unknown(self, name: str, by: int = 1) -> None:
        """Count something that the platform offers and the adapter has no word for."""
        known = name in self.unknown or len(self.unknown) < MAX_KINDS_COUNTED
        key = name if known else "…"
        self.unknown[key] = self.unknown.get(key, 0) + by

    def warnings(self) -> Sequence[str]:
        """Return what a person should know, most serious first, one line each."""
        return [*self.losses.describe(), *self.remarks()]

    def remarks(self) -> list[str]:
        """Return what a person should know beside the losses, one line each."""
        lines = list(self.notes)
        if self.unknown:
            most = sorted(self.unknown.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
            named = ", ".join(f"{name} ({count})" for name, count in most)
            lines.append(f"kept as they are: {len(self.unknown)} markets without a canonical name: {named}")
        return lines


class Platform(Protocol):
    """One platform. `config` is always an instance of `config_model` that has been validated."""

    @property
    def name(self) -> str:
        """The name that users write in `platform.name`; also that of the entry point."""

    @property
    def config_model(self) -> type[BaseModel]:
        """The model of `platform.config`; an absent config is validated as {}."""

    @property
    def key(self) -> Sequence[str]:
        """The fields that identify an item among those of its target."""

    def budgets(self, config: Any) -> Mapping[str, HostBudget]:
        """Return the default budget of each host (`host` or `host:port`)."""

    def sink_payload(
        self, config: Any, items: Sequence[Mapping[str, JSONValue]], context: ScrapeContext
    ) -> SinkPayload | None:
        """Return what the items of a scrape mean for a sink of the store, or None if items are all there is."""

    async def check(self, config: Any, fetcher: Fetcher) -> None:
        """Return if the platform answers as the adapter expects, after few and small requests.

        Raises:
            ScrapeFailed: Blocked, PlatformChanged and whatever the fetcher raises.

        """

    def scrape(
        self, config: Any, fetcher: Fetcher, context: ScrapeContext
    ) -> AsyncGenerator[Mapping[str, JSONValue], None]:
        """Yield items that JSON can hold, each key once. Close it where it is not read to its end.

        What is lost on the way goes to `context.lose`; items that were yielded before a failure are good.

        Raises:
            ScrapeFailed: nothing more can be read: Blocked, RateLimited, PlatformChanged or what the fetcher raises.

        """
