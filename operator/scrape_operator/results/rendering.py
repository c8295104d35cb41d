"""Lists, objects and watch events as JSON, in the form that a client asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from scrape_operator.core.json_text import dump_json
from scrape_operator.core.results import DeletedRun, Listing, StoredItem, VersionedRun
from scrape_operator.results.negotiation import Form, Included, Representation
from scrape_operator.results.objects import (
    Object,
    deleted_run_object,
    item_metadata,
    item_object,
    partial,
    run_metadata,
    run_object,
)
from scrape_operator.results.resources import API_VERSION, ITEMS, RUNS, Resource
from scrape_operator.results.tables import columns_of, item_cells, run_cells, table

T = TypeVar("T")

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def to_json(value: object) -> bytes:
    """Return JSON. Times of metadata have whole seconds; `objects` writes all others as text."""
    return dump_json(value, OPTIONS)


@dataclass(frozen=True, slots=True)
class Renderer(Generic[T]):
    """How rows of one resource are shown."""

    resource: Resource
    as_object: Callable[[T], Object]
    metadata: Callable[[T], Object]
    cells: Callable[[T, Object, datetime], Sequence[object]]
    """The cells of a row, from the row and its metadata."""

    def list(self, listing: Listing[T], form: Representation, now: datetime) -> bytes:
        """Return a page of a list."""
        metadata = {"resourceVersion": str(listing.revision)}
        if listing.next is not None:
            metadata["continue"] = listing.next
        match form.form:
            case Form.TABLE:
                head = table(metadata, columns_of(self.resource))
                return _joined(head, "rows", (self._line(row, now, form.included) for row in listing.rows))
            case Form.METADATA:
                head = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": metadata}
                return _joined(head, "items", (partial(self.metadata(row)) for row in listing.rows))
            case Form.PLAIN:
                head = {"apiVersion": API_VERSION, "kind": f"{self.resource.kind}List", "metadata": metadata}
                return _joined(head, "items", map(self.as_object, listing.rows))

    def one(self, row: T, form: Representation, now: datetime, *, has_columns: bool = True) -> Object:
        """Return one object; a table of it without the definitions of columns, if they were sent before."""
        match form.form:
            case Form.TABLE:
                version = self.metadata(row).get("resourceVersion", "")
                columns = columns_of(self.resource) if has_columns else None
                return {**table({"resourceVersion": version}, columns), "rows": [self._line(row, now, form.included)]}
            case Form.METADATA:
                return partial(self.metadata(row))
            case Form.PLAIN:
                return self.as_object(row)

    def _line(self, row: T, now: datetime, included: Included) -> Object:
        """Return the line of a table."""
        metadata = self.metadata(row)
        cells = self.cells(row, metadata, now)
        match included:
            case Included.METADATA:
                return {"cells": cells, "object": partial(metadata)}
            case Included.OBJECT:
                return {"cells": cells, "object": self.as_object(row)}
            case Included.NONE:
                return {"cells": cells}


RUN_RENDERER: Renderer[VersionedRun] = Renderer(RUNS, run_object, run_metadata, run_cells)
ITEM_RENDERER: Renderer[StoredItem] = Renderer(ITEMS, item_object, item_metadata, item_cells)


def event(kind: str, shown: Mapping[str, Any]) -> bytes:
    """Return an event of a watch, a line of JSON."""
    return to_json({"type": kind, "object": shown}) + b"\n"


def deleted(run: DeletedRun, form: Representation, *, has_columns: bool = True) -> Object:
    """Return a run whose row is gone, as an event shows it: cells other than the name are empty."""
    shown = deleted_run_object(run)
    metadata: Object = shown["metadata"]
    match form.form:
        case Form.TABLE:
            cells = [metadata["name"], run.name, metadata["labels"]["status"], run.reason or ""]
            shown_metadata = None if form.included is Included.NONE else metadata
            return _one_line(metadata["resourceVersion"], cells, shown_metadata, has_columns=has_columns)
        case Form.METADATA:
            return partial(metadata)
        case Form.PLAIN:
            return shown


def bookmark(revision: int, form: Representation, *, ends_initial: bool, has_columns: bool = True) -> Object:
    """Return the object of a bookmark: the revision that the watch has reached."""
    metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    if ends_initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    match form.form:
        case Form.TABLE:
            return _one_line(str(revision), [], metadata, has_columns=has_columns)
        case Form.METADATA:
            return partial(metadata)
        case Form.PLAIN:
            return {"apiVersion": API_VERSION, "kind": RUNS.kind, "metadata": metadata}


def _one_line(revision: str, cells: Sequence[object], metadata: Object | None, *, has_columns: bool) -> Object:
    filled = [*cells, *[""] * (len(RUNS.columns) - len(cells))]
    line: Object = {"cells": filled}
    if metadata is not None:
        line["object"] = partial(metadata)
    return {**table({"resourceVersion": revision}, columns_of(RUNS) if has_columns else None), "rows": [line]}


def _joined(head: Object, name: str, members: Iterable[Object]) -> bytes:
    """Return the JSON of an object whose last member is a long list.

    The members are written one by one: in one call the interpreter would be held for milliseconds, and with SQLite the
    runs are started by another thread of the same process.
    """
    return b"".join((to_json(head)[:-1], f',"{name}":['.encode(), b",".join(map(to_json, members)), b"]}"))
