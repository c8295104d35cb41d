"""The detail documents of an HTTP target: one request per address, its fields are merged into the items."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.pagination import request_of_link
from scrape_operator.core.net.urls import without_user_info
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.extraction.extractor import CompiledExtract
from scrape_operator.extraction.workers.pool import ExtractionPool
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.pages import is_empty, make_document
from scrape_operator.running.targets.target_run import TargetRun

PARALLEL_REQUESTS = 4
"""Requests of one target at the same time; the budgets of hosts may allow fewer."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What one document gave: its fields, and the names of those that were not found."""

    fields: Mapping[str, JSONValue]
    missing: Sequence[str]


Details = dict[str, Detail | None]
"""By address; None where the document lacks a required field."""


class DetailReader:
    """Reads the detail documents of items. The extraction workers exist as long as the process."""

    def __init__(self, extraction: ExtractionPool) -> None:
        self._extraction = extraction

    async def read(self, plan: HTTPTargetPlan, run: TargetRun) -> None:
        """Merge the fields of the detail documents into the items, which keep their order.

        A document that can't be read is a loss: its items keep the fields of the list, and those that are stored.
        """
        detail = plan.extracts.detail
        if detail is None:
            return
        details: Details = {}
        addresses = _addresses(run, plan.max_followed)
        try:
            await self._read_all(plan, run, detail, addresses, details)
        finally:
            _merge(run, details, detail)

    async def _read_all(
        self, plan: HTTPTargetPlan, run: TargetRun, detail: CompiledExtract, addresses: list[str], details: Details
    ) -> None:
        waiting = enumerate(addresses)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(PARALLEL_REQUESTS, len(addresses))):
                group.create_task(self._read_some(plan, run, detail, waiting, details))

    async def _read_some(
        self,
        plan: HTTPTargetPlan,
        run: TargetRun,
        detail: CompiledExtract,
        waiting: Iterator[tuple[int, str]],
        details: Details,
    ) -> None:
        for place, address in waiting:
            if not run.scope.deadline.remaining():  # thousands may be left, and little time to count them
                run.losses.add(_subject(address), run.timed_out())
                continue
            try:
                details |= await self._read_one(plan, run, detail, address, wants_hints=not place)
            except ScrapeFailed as failure:
                run.losses.add(_subject(address), failure)

    async def _read_one(
        self, plan: HTTPTargetPlan, run: TargetRun, detail: CompiledExtract, address: str, *, wants_hints: bool
    ) -> Details:
        """Return what a document gave under its address; nothing, where it is empty and may be so."""
        first = plan.request.fill(run.scope.scheduled_for, run.scope.zone)
        request = request_of_link(first, address, first.url, "follow.link")
        received = await run.fetch_detail(address, request)
        if is_empty(received.response):
            run.warn("a detail document is empty: what is stored of its fields stays")
            run.lacking.update(detail.required_fields)
            return {address: None} if detail.required_fields else {}
        document = make_document(run, received, wants_hints=wants_hints)
        extraction = await self._extraction.extract(detail, document, run.session.requester.key)
        run.warn(*extraction.warnings)
        run.hints.update(extraction.field_hints)
        run.lacking.update(extraction.lacking)
        return {address: next((Detail(item, tuple(extraction.missing)) for item in extraction.items), None)}


def _addresses(run: TargetRun, limit: int) -> list[str]:
    """Return the addresses to request, each once; items beyond the limit are not followed, and a warning says so."""
    linked = [link for link in run.follow_links if link is not None]
    if len(linked) > limit:
        run.warn(f"followed the links of {limit} items, and {len(linked)} have one: raise follow.maxItems")
    if len(linked) < len(run.items):
        run.warn(f"follow.link was found in {len(linked)} of {len(run.items)} items")
    return list(dict.fromkeys(linked[:limit]))


def _subject(address: str) -> str:
    return f"detail document {without_user_info(address)}"


def _merge(run: TargetRun, details: Details, compiled: CompiledExtract) -> None:
    """Merge what was read into the items; one that lacks a required field of a detail document is dropped.

    Without a link, no field of a detail document is found.
    """
    empty = Detail(compiled.empty_item, tuple(compiled.empty_item))
    without_link = None if compiled.required_fields else empty
    merged: list[Mapping[str, JSONValue]] = []
    for item, link in zip(run.items, run.follow_links, strict=True):
        detail = without_link if link is None else details.get(link, empty)
        if detail is None:
            run.dropped += 1
            run.lacking.update(compiled.required_fields if link is None else ())
            continue
        if link is not None and link not in details:
            run.unread[len(merged)] = empty.missing
        run.missing.update(detail.missing)
        merged.append({**item, **detail.fields})
    run.items[:] = merged
