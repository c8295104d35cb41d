"""The records of a CSV document, as a proposal."""

import csv
from collections.abc import Sequence
from itertools import islice

from scrape_operator.discovery.proposal import (
    MAX_FIELDS,
    FieldProposal,
    Proposal,
    field_name,
    key_of,
)
from scrape_operator.discovery.text_types import text_type_of, type_note
from scrape_operator.extraction.formats.csv import find_delimiter

SAMPLE_RECORDS = 50
MIN_RECORDS = 2


def find_records(text: str) -> list[Proposal]:
    """Return a proposal with a field for each column of the header."""
    try:
        records = list(islice(csv.reader(text.splitlines(), delimiter=find_delimiter(text)), SAMPLE_RECORDS + 1))
    except csv.Error:
        return []
    header, rows = (records[0], records[1:]) if records else ((), [])
    if len(rows) < MIN_RECORDS or len(header) < 1:
        return []
    return [_propose(header, rows, text.count("\n"))]


def _propose(header: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> Proposal:
    fields: list[FieldProposal] = []
    columns: dict[str, Sequence[object]] = {}
    for number, title in enumerate(header[:MAX_FIELDS]):
        if not title.strip() or header.count(title) > 1:
            continue
        values = [row[number].strip() or None if number < len(row) else None for row in rows]
        name = field_name(title, list(columns))
        fields.append(FieldProposal(name, {"column": title}, text_type_of(values), note=type_note(values)))
        columns[name] = values
    return Proposal("CSV", None, fields, key_of(columns), count, "the records of the CSV document")
