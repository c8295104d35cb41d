"""The record of one target in one run: its requests, items and losses. It can be read at any time during the run."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scrape_operator.core.durations import format_duration
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.net.deadline import TIMEOUT_FIELD, Deadline
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.ports import Clock, Fetcher
from scrape_operator.core.runs.baseline import PERCENT, Baseline
from scrape_operator.core.runs.expectations import Breach, Expectations, Reading, find_breach
from scrape_operator.core.runs.items import Item, ItemMode, JSONValue
from scrape_operator.core.runs.keys import KeyedItems, key_items
from scrape_operator.core.runs.losses import Losses
from scrape_operator.core.runs.outcome import FINE, Outcome, evaluate_target
from scrape_operator.core.runs.page_order import PageKeys, has_gap, has_repeats
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.repeated_items import RepeatedItems
from scrape_operator.core.runs.run import RunStatus, TargetResult, clip
from scrape_operator.core.runs.target_memory import FORGOTTEN, NO_MEMORY, Revalidation, TargetMemory
from scrape_operator.fetching.session import FetchSession
from scrape_operator.platforms.port import ScrapeContext
from scrape_operator.running.targets.kept_bodies import KeptBodies
from scrape_operator.running.targets.platform_responses import KeepingFetcher
from scrape_operator.running.targets.revalidation import Revalidator

MAX_WARNINGS = 20

_AGAIN = "again: "
_UNKEYED = (
    "without extract.key an item is known by all its fields: one whose detail document could not be read is stored as "
    "a further item; set extract.key to fields of the list"
)


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


class Received(NamedTuple):
    """A response, and when it was received. The memory of its body is counted for as long as this object exists."""

    response: Response
    at: datetime


class PagePlace(NamedTuple):
    """A page of a list that is read again: its number from 0, and the number of the reading."""

    number: int
    reading: int

    @property
    def name(self) -> str:
        """What names the response among those that are kept."""
        return f"{_AGAIN}page {self.number + 1}, reading {self.reading}"

    @staticmethod
    def is_name(name: str) -> bool:
        """Return whether this is a name of such a page. Addresses and requests have no blank before them."""
        return name.startswith(_AGAIN)


@dataclass(slots=True)
class TargetRun:
    """The record of one target. Its steps write it; `evaluate` and `interrupt` make results of it.

    `failure` is what ended the reading early. `had_content` says whether any answer had something to read,
    `is_truncated` whether a limit ended the pages. `follow_links` has an entry for each item if details are read,
    `unread` the fields of details that could not be read, by the number of the item.
    `matched` counts the nodes of items, `missing` the items that lack a field. `lacking` names the required fields for
    lack of which items were dropped, `memory` is what earlier runs with the same `fingerprint` left.
    `hints` say why fields were found in no item of the first page, by their names.
    `revalidator` is there if the target is conditional. `is_read` says that nothing more is read.
    `digest` is that of the only document, if the next run may compare its own with it; `repeated` are the items of one
    that is the same as in the last run.
    `context` is what an adapter was given, where one reads the target.
    `order` are the items of a list of pages, as the next run compares them with its own.
    `mode` says what the items do to those that are stored.
    """

    name: str
    scope: RunScope
    session: FetchSession
    clock: Clock
    started: float
    fingerprint: str = ""
    pages: int = 0
    items: list[Mapping[str, JSONValue]] = field(default_factory=list)
    follow_links: list[str | None] = field(default_factory=list)
    unread: dict[int, Sequence[str]] = field(default_factory=dict)
    is_truncated: bool = False
    dropped: int = 0
    matched: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    lacking: set[str] = field(default_factory=set)
    memory: TargetMemory = NO_MEMORY
    revalidator: Revalidator | None = None
    is_unmodified: bool = False
    digest: bytes | None = None
    repeated: RepeatedItems | None = None
    is_read: bool = False
    hint: str = ""
    hints: dict[str, str] = field(default_factory=dict)
    had_content: bool = False
    losses: Losses = field(default_factory=Losses)
    failure: ScrapeFailed | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    context: ScrapeContext | None = None
    order: Sequence[int] | None = None
    mode: ItemMode = ItemMode.UPSERT
    kept: KeptBodies = field(default_factory=KeptBodies)
    _warnings: list[str] = field(default_factory=list)

    async def fetch_page(self, request: Request) -> Received:
        """Return the next page. Raises ScrapeFailed."""
        return Received(await self.session.fetch(request), self.clock.now())

    async def fetch_again(self, place: PagePlace, request: Request) -> Received:
        """Return a page that was read before. Raises ScrapeFailed."""
        return await self.fetch_page(request)

    async def fetch_detail(self, address: str, request: Request) -> Received:
        """Return the detail document that items link to by `address`. Raises ScrapeFailed."""
        received = Received(await self.session.fetch(request), self.clock.now())
        await self.keep(received, detail_of=address)
        return received

    @property
    def fetcher(self) -> Fetcher:
        """What sends an adapter's requests. Responses are kept for replay if the schedule has `keepBodies`."""
        return KeepingFetcher(self.session, self._keep_answer) if self.kept.may_keep else self.session

    def now(self) -> datetime:
        """Return the time that an adapter reads."""
        return self.clock.now()

    async def keep(self, received: Received, detail_of: str = "") -> None:
        """Keep a response for replay, if the schedule has `keepBodies`. `detail_of` names one that is no page."""
        if not await self.kept.add(self.pages, *received, detail_of):
            self.warn("not all responses are kept: together they are too large (keepBodies)")

    async def _keep_answer(self, response: Response, request: str) -> None:
        await self.keep(Received(response, self.clock.now()), detail_of=request)

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
        self.matched += page.matched
        self.missing.update(page.missing)
        self.lacking.update(page.lacking)
        self.hints.update(page.field_hints)
        self.warn(*page.warnings)

    def insert_item(self, place: int, page: PageExtraction, index: int) -> None:
        """Insert an item of a page that was read again at a place among the items."""
        item = page.items[index]
        self.items.insert(place, item)
        self.missing.update(name for name in page.missing if item.get(name) is None)
        if page.follow_links:
            self.follow_links.insert(place, page.follow_links[index])

    def is_in_doubt(self, pages: Sequence[PageKeys], mode: ItemMode, *, is_counted: bool) -> bool:
        """Return whether items may have been missed, since the list moved while it was read.

        Of a list whose order is not known, counted pages show it by an item that comes twice. They don't show an item
        that was hidden by another one that vanished.
        """
        if self.memory.order is None:
            return is_counted and ((self.memory.needs_proof(mode) and len(pages) > 1) or has_repeats(pages))
        return has_gap(self.memory.order, pages)

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
        message = f"not done within the run's timeout of {format_duration(self.scope.timeout)} ({TIMEOUT_FIELD})"
        return ScrapeFailed(Reason.TIMEOUT, message)

    def evaluate(self, expectations: Expectations, key: Sequence[str], fields: Sequence[str] = ()) -> TargetResult:
        """Return the result of a target that was read, in full or in part.

        `fields` are those that have selectors: what is usual for each of them is remembered.
        """
        # a page may write a secret in a way that only its reader understands
        self.items = self.session.mask.values(self.items)
        keyed = key_items(self.items, key, self.unread)
        self.warn(*keyed.warnings(key), *([_UNKEYED] if self.unread and not key else []))
        dropped = self.dropped + keyed.keyless
        found = self._found(fields)
        self.warn(*(self._missed(name) for name, share in found.items() if not share))
        failure = self.failure or self.losses.first_failure
        baseline = Baseline() if failure else self.memory.baseline  # what was lost would seem to have changed
        reading = Reading(
            items=[item.data for item in keyed.items],
            had_content=self.had_content,
            dropped=dropped,
            lacking=self.lacking.union(key if keyed.keyless else ()),
            conflicts=keyed.conflicts,
            key=key,
            found=found,
            baseline=baseline,
            matched=self.matched,
            hint=self.hint,
            hints=self.hints,
        )
        breach = find_breach(expectations, reading)
        outcome = evaluate_target(breach, failure, has_items=bool(keyed.items))
        if not outcome.status.is_good:
            return self._result(outcome, breach=None if failure else breach)
        gap = self._gap(keyed, dropped, is_lossy=failure is not None)
        if self.mode is ItemMode.SNAPSHOT and gap:
            self.warn(f"no item is marked as gone in this run ({gap})")
        result = self._result(outcome, keyed.items, breach, found=found, is_complete=not gap)
        return result if self.revalidator is None else replace(result, revalidation=self._revalidation(result))

    def _gap(self, keyed: KeyedItems, dropped: int, *, is_lossy: bool) -> str:
        """Return why the items that will be stored may not be all that are there, or an empty text."""
        if dropped:
            return f"dropped items: {dropped}"
        if is_lossy or self.is_truncated or keyed.unknown:
            return "not everything was read"
        return "no node has any of the fields" if self.matched and not keyed.items else ""

    def _missed(self, name: str) -> str:
        """Return a warning about a field that no item has, with what to do."""
        remedy = self.hints.get(name, "check its selector; `scrape-operator test FILE --show 1` prints the first item")
        return f"field {name}: found in 0 of {len(self.items)} items: {remedy}"

    def _revalidation(self, result: TargetResult) -> Revalidation:
        """Return what the next run may compare with: only what is stored in full can stay as it is."""
        is_stored = result.status is RunStatus.SUCCEEDED and result.complete
        return self.revalidator.revalidation if self.revalidator is not None and is_stored else FORGOTTEN

    def _found(self, fields: Sequence[str]) -> dict[str, int]:
        """Return in how many percent of the items that were read each field was found, 0 only for none."""
        total = len(self.items)
        counts = {name: max(0, total - self.missing[name]) for name in fields} if total else {}
        return {name: math.ceil(count * PERCENT / total) for name, count in counts.items()}

    def repeat(self, items: RepeatedItems) -> TargetResult:
        """Return the result of a target whose only document is that of its last run, which met all expectations."""
        return self._result(FINE, items, found=self.memory.baseline.runs[0].found, is_complete=True)

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
        traffic, mask = self.session.traffic, self.session.mask
        warnings = (*self.losses.describe(), *self.session.warnings, *self._warnings)[:MAX_WARNINGS]
        return TargetResult(
            self.name,
            outcome.status,
            outcome.reason,
            mask.message(outcome.message),
            http_status=traffic.http_status,
            duration=self.clock.monotonic() - self.started,
            requests=traffic.requests,
            bytes=traffic.bytes,
            pages=self.pages,
            items=items,
            warnings=tuple(map(mask.message, warnings)),
            breach=None if breach is None else clip(mask.message(breach.message)),
            complete=is_complete,
            found=found,
            fingerprint=self.fingerprint,
            bodies=self.kept.for_outcome(outcome.status),
            phases=self.phases,
            mode=self.mode,
        )
