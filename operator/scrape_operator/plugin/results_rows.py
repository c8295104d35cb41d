"""Rows through the results API, with the rights of the caller: what `scrape-operator` reads from the database."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.client import HTTP_FORBIDDEN, HTTP_NOT_FOUND, HTTP_UNAVAILABLE, ClusterClient
from scrape_operator.cluster.objects import ClusterObjects
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.reading import (
    NAMES_MAX,
    PAGE_MAX_ROWS,
    ItemQuery,
    ItemRow,
    Page,
    RemovedRuns,
    RowReader,
    RunQuery,
    RunRow,
    ScheduleRow,
    TargetRunRow,
    read_all,
)
from scrape_operator.core.runs.run import RunStatus, Trigger
from scrape_operator.plugin.names import known_places
from scrape_operator.results.discovery import VERSION_PATH
from scrape_operator.results.names import phase_of
from scrape_operator.results.objects import micro_time
from scrape_operator.results.resources import ITEMS, RUNS, Resource
from scrape_operator.results.rows import item_row, run_row, target_rows

T = TypeVar("T")

ENDED = tuple(status for status in RunStatus if status not in {RunStatus.RUNNING, RunStatus.SKIPPED})
GOOD = frozenset(status.value for status in ENDED if status.is_good)

CLOSED: Mapping[int, str] = {
    HTTP_NOT_FOUND: "the results API is not enabled",
    HTTP_FORBIDDEN: "you may not list {plural} in namespace {namespace}",
    HTTP_UNAVAILABLE: "the results API does not answer",
}
"""Why rows are read another way, by the status of the answer."""

Object = Mapping[str, Any]


class NotServed(ClusterError):
    """The results API does not serve the rows that are asked for, and none was read. The message says why."""


@dataclass(frozen=True, slots=True)
class _List(Generic[T]):
    """A list of objects, and how each becomes a row.

    `deleted` is the schedule that may have rows although it is not there any more.
    """

    resource: Resource
    namespace: str
    fields: Mapping[str, str | None]
    params: Mapping[str, str | None]
    row_of: Callable[[Object], T]
    deleted: str | None
    is_of_one_run: bool = False

    @property
    def path(self) -> str:
        return f"{VERSION_PATH}/namespaces/{quote(self.namespace, safe='')}/{self.resource.plural}"

    def query(self, after: str | None, limit: int) -> Mapping[str, str]:
        """Return the parameters of a page."""
        selector = ",".join(f"{name}={_escaped(value)}" for name, value in self.fields.items() if value is not None)
        asked = {"limit": str(limit), "continue": after, "fieldSelector": selector, **self.params}
        return {name: value for name, value in asked.items() if value}


class ResultsRows(RowReader):
    """Lists objects page by page, and holds one page. Rows of deleted schedules are not served.

    Made by `open_results_rows`. The first page that is read raises NotServed if another way must be taken.
    """

    def __init__(self, client: ClusterClient, begin: Callable[[], object]) -> None:
        self._client = client
        self._begin: Callable[[], object] | None = begin
        self._targets: Mapping[UUID, Sequence[TargetRunRow]] = {}
        self._namespace = ""

    async def runs(self, query: RunQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[RunRow]:
        """Return runs, the newest first."""
        phases = ",".join(phase_of(status) for status in query.statuses)
        wanted = _List(
            RUNS,
            _namespace_of(query),
            {"spec.schedule": query.name, "metadata.uid": str(query.ids.first) if query.ids else None},
            {"labelSelector": f"status in ({phases})" if phases else None, **_period(query.since, query.until)},
            lambda obj: (run_row(obj), target_rows(obj)),
            deleted=query.name,
            is_of_one_run=query.ids is not None,
        )
        page = await self._page(wanted, after, limit)
        self._targets = {run.id: targets for run, targets in page.rows}
        return Page([run for run, _targets in page.rows if _is_before(run.scheduled_for, query.until)], page.next)

    async def target_runs(self, run_ids: Sequence[UUID]) -> Sequence[TargetRunRow]:
        """Return the targets of runs of the last page, in the order of the spec."""
        return [target for run_id in run_ids for target in self._targets.get(run_id, ())]

    async def removed_runs(self, query: RunQuery) -> RemovedRuns:
        """Return how many runs of one schedule are not stored any more, by the counter in the status of its object.

        The status may be a little older than the list: then the number is too small, never too large.
        """
        obj = None if query.name is None else await self._object(query.name)
        counted = (((obj or {}).get("status") or {}).get("counters") or {}).get("runs")
        if not counted:
            return RemovedRuns()
        stored, oldest = 0, dict[bool, datetime]()
        async for run in read_all(lambda after: self.runs(RunQuery(query.namespace, query.name, ENDED), after)):
            if run.trigger != Trigger.REPLAY.value:
                stored += 1
                is_good = run.status in GOOD
                oldest[is_good] = min(run.scheduled_for, oldest.get(is_good, run.scheduled_for))
        return RemovedRuns(max(int(counted) - stored, 0), oldest.get(True), oldest.get(False))

    async def items(self, query: ItemQuery, after: str | None = None, limit: int = PAGE_MAX_ROWS) -> Page[ItemRow]:
        """Return items, ordered by schedule, target and key."""
        phase = None if query.with_gone else "Present"
        wanted = _List(
            ITEMS,
            _namespace_of(query),
            {"spec.schedule": query.name, "spec.target": query.target, "status.phase": phase},
            _period(query.changed_since, query.changed_until),
            item_row,
            deleted=query.name if query.with_gone else None,
        )
        page = await self._page(wanted, after, limit)
        return Page([item for item in page.rows if _is_before(item.changed_at, query.changed_until)], page.next)

    async def schedules(self, name: str) -> Sequence[ScheduleRow]:
        """Return the schedules of a name: that of the namespace, or else those that the caller may list."""
        if await self._exists(name):
            return [ScheduleRow(self._namespace, name, None)]
        places = await known_places(self._client, self._namespace)
        return [ScheduleRow(at, other, None) for at, other in places if other == name]

    async def schedule_names(self, namespace: str, limit: int = NAMES_MAX) -> Sequence[str]:
        """Return the names of the schedules of a namespace, in their order."""
        places = await known_places(self._client, namespace)
        return [name for at, name in places if at == namespace][:limit]

    async def namespaces(self) -> Sequence[str]:
        """Return the namespaces of the schedules that the caller may list, in their order."""
        return sorted({at for at, _name in await known_places(self._client, self._namespace)})

    async def _page(self, wanted: _List[T], after: str | None, limit: int) -> Page[T]:
        """Read a page."""
        self._namespace = wanted.namespace
        try:
            page = await self._read(wanted, after, limit)
        except ClusterError as error:
            if self._begin is None or error.status not in CLOSED:
                raise
            reason = CLOSED[error.status].format(plural=wanted.resource.plural, namespace=wanted.namespace)
            raise NotServed(reason) from error
        if self._begin is not None:
            if not page.rows:
                await self._demand(wanted)
            self._begin()
            self._begin = None
        return page

    async def _read(self, wanted: _List[T], after: str | None, limit: int) -> Page[T]:
        query = wanted.query(after, limit)
        text = await self._client.read_text(wanted.path, accept="application/json", params=query)
        try:
            listed = json.loads(text)  # orjson reads integers beyond 64 bits as floats
            return Page([wanted.row_of(obj) for obj in listed["items"]], listed["metadata"].get("continue"))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            if self._begin is None:
                raise ClusterError(f"GET {wanted.path}: {type(error).__name__}: {error}") from error
            raise NotServed("the results API is of another version") from error

    async def _demand(self, wanted: _List[T]) -> None:
        """Raise NotServed for a list without rows if the database may have some."""
        if wanted.is_of_one_run:
            raise NotServed(f"the results API has no run of this ID in namespace {wanted.namespace}")
        if wanted.deleted is not None and not await self._exists(wanted.deleted):
            place = f"{wanted.namespace}/{wanted.deleted}"
            raise NotServed(f"there is no ScrapeSchedule {place}, and the results API has no rows of deleted ones")

    async def _exists(self, name: str) -> bool:
        """Return whether there is a schedule of a name in the namespace, or the caller may not look."""
        try:
            return await ClusterObjects(self._client).get(SCRAPE_SCHEDULE, self._namespace, name) is not None
        except ClusterError:
            return True

    async def _object(self, name: str) -> Object | None:
        """Return the schedule of a name in the namespace, or None if there is none or the caller may not look."""
        try:
            return await ClusterObjects(self._client).get(SCRAPE_SCHEDULE, self._namespace, name)
        except ClusterError:
            return None


@asynccontextmanager
async def open_results_rows(begin: Callable[[], object]) -> AsyncIterator[ResultsRows]:
    """Open a reader with the credentials of the kubeconfig. `begin` is called once, when the first page is there."""
    async with ClusterClient() as client:
        yield ResultsRows(client, begin)


def _namespace_of(query: RunQuery | ItemQuery) -> str:
    if query.namespace is None:
        raise NotServed("the results API finds runs by whole IDs alone")
    return query.namespace


def _period(since: datetime | None, until: datetime | None) -> Mapping[str, str | None]:
    return {"sinceTime": micro_time(since), "untilTime": micro_time(until)}


def _is_before(time: datetime, until: datetime | None) -> bool:
    """Return whether a row is wanted: older servers list later rows, too."""
    return until is None or time < until


def _escaped(value: str) -> str:
    """Return a value of a field selector (k8s.io/apimachinery/pkg/fields, EscapeValue)."""
    return "".join(f"\\{letter}" if letter in "\\,=" else letter for letter in value)
