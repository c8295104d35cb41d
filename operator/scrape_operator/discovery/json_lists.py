"""The lists of objects in a JSON document, as proposals."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from scrape_operator.discovery.proposal import MAX_FIELDS, FieldProposal, Proposal, field_name, key_of, type_of

MAX_DEPTH = 6
MAX_NODES = 20_000
MIN_ITEMS = 2
SAMPLE_ITEMS = 50

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def find_json_lists(document: object) -> list[Proposal]:
    """Return a proposal for each list of objects, the one with the most values first."""
    proposals = [_propose(path, rows) for path, rows in _lists(document)]
    return sorted((proposal for proposal in proposals if proposal.fields), key=lambda it: -it.score)


def find_rows(document: Sequence[object]) -> list[Proposal]:
    """Return a proposal for objects that stand each on a line of their own."""
    rows = [row for row in document if isinstance(row, dict)]
    if len(rows) < MIN_ITEMS:
        return []
    proposal = _propose("", rows)
    return [replace(proposal, format="NDJSON", items=None, what="the lines of the document")] if proposal.fields else []


def find_linked_data(objects: Sequence[object]) -> list[Proposal]:
    """Return a proposal for each type of the objects that a page describes itself with (JSON-LD)."""
    of_type: dict[str, list[Mapping[str, Any]]] = {}
    for value in objects:
        if isinstance(value, dict) and isinstance(type_ := value.get("@type"), str) and _NAME.fullmatch(type_):
            of_type.setdefault(type_, []).append(value)
    found: list[Proposal] = []
    for type_, rows in of_type.items():
        path = f"[?\"@type\" == '{type_}']"
        proposal = replace(_propose(path, [_without_marks(row) for row in rows]), format="JSONLD")
        found.append(replace(proposal, what=f"the objects of type {type_} in JSON-LD"))
    return sorted((proposal for proposal in found if proposal.fields), key=lambda it: -it.score)


def _without_marks(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without the members that describe its form: `@type`, `@context`."""
    return {
        name: _without_marks(value) if isinstance(value, dict) else value
        for name, value in row.items()
        if not name.startswith("@")
    }


def _lists(document: object) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Yield the path and the objects of each list."""
    waiting: list[tuple[str, object, int]] = [("", document, 0)]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        path, value, depth = waiting.pop(0)
        if isinstance(value, list):
            rows = [row for row in value if isinstance(row, dict)]
            if len(rows) >= MIN_ITEMS and len(rows) == len(value):
                yield f"{path}[*]", rows
        elif isinstance(value, dict) and depth < MAX_DEPTH:
            waiting += [(_step(path, name), member, depth + 1) for name, member in value.items()]


def _step(path: str, name: str) -> str:
    step = name if _PLAIN.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{step}" if path else step


def _propose(path: str, rows: Sequence[Mapping[str, Any]]) -> Proposal:
    sample = rows[:SAMPLE_ITEMS]
    fields: list[FieldProposal] = []
    columns: dict[str, Sequence[object]] = {}
    for place in _scalar_paths(sample):
        values = [_at(row, place) for row in sample]
        name = field_name(_words(place), [field.name for field in fields])
        selector = reduce(_step, place, "")
        if any(isinstance(value, list) for value in values):
            if all(_is_plain_list(value) for value in values):
                fields.append(FieldProposal(name, {"jmespath": f"{selector}[*]"}, is_many=True))
            continue
        fields.append(FieldProposal(name, {"jmespath": selector}, type_of(values)))
        columns[name] = values
    return Proposal("JSON", {"jmespath": path}, fields, key_of(columns), len(rows), f"the list {path} of the JSON")


def _scalar_paths(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the places of single values in most of the objects: members, and members of members."""
    counts: dict[tuple[str, ...], int] = {}
    for row in rows:
        for name, value in row.items():
            inner = value.items() if isinstance(value, dict) else [(None, value)]
            for below, leaf in inner:
                if not isinstance(leaf, dict) and not (isinstance(leaf, list) and below):
                    place = (name,) if below is None else (name, below)
                    counts[place] = counts.get(place, 0) + 1
    return [place for place, count in counts.items() if 2 * count >= len(rows)][:MAX_FIELDS]


def _words(place: Sequence[str]) -> str:
    """Return the words of a place: `changedAt` has two."""
    return "_".join(_CAMEL.sub("_", step) for step in place)


def _is_plain_list(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(member, str | int) for member in value))


def _at(row: Mapping[str, Any], place: Sequence[str]) -> object:
    value: object = row
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value
