"""Writes rows as a Parquet file to standard output. pyarrow, which is large, is the extra `parquet` of the package.

A column has one type, which is only known when all rows were seen. So rows go to a temporary file first.
"""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from scrape_operator.cli.records import Record, text_of
from scrape_operator.core.errors import InvalidValue

GROUP_ROWS = 10_000
LARGEST_INTEGER = 2**63 - 1


async def print_parquet(records: AsyncIterator[Record]) -> int:
    """Write a Parquet file and return the number of its rows; nothing is written if there are none.

    Raises:
        InvalidValue: pyarrow is not installed, or standard output is a terminal.

    """
    arrow = _import_pyarrow()
    if sys.stdout.isatty():
        raise InvalidValue("-o parquet is no text: redirect it to a file, such as > items.parquet")
    kinds: dict[str, set[str]] = {}
    number = 0
    with TemporaryFile() as spool:
        async for record in records:
            spool.write(_line(record, kinds))
            number += 1
        if number:
            spool.seek(0)
            _write(arrow, spool, {name: _type_of(found) for name, found in kinds.items()})
    return number


def _import_pyarrow() -> Any:
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:
        remedy = "pip install 'scrape-operator[parquet]'"
        raise InvalidValue(f"-o parquet needs pyarrow, which is not installed: {remedy}") from error


def _line(record: Record, kinds: dict[str, set[str]]) -> bytes:
    values: list[object] = []
    for name, value in record.items():
        kind = _kind_of(value)
        kinds.setdefault(name, set()).add(kind)
        values.append(value if kind != "text" else text_of(value))
    return orjson.dumps(values, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int" if abs(value) <= LARGEST_INTEGER else "text"
        case float():
            return "float"
        case datetime():
            return "time"
        case _:
            return "text"


def _type_of(kinds: set[str]) -> str:
    """Return the type of a column with such values; text if they do not agree."""
    found = kinds - {"null"}
    if found == {"int", "float"}:
        return "float"
    return found.pop() if len(found) == 1 else "text"


def _write(arrow: Any, spool: IO[bytes], types: Mapping[str, str]) -> None:
    of_kind = {
        "bool": arrow.bool_(),
        "int": arrow.int64(),
        "float": arrow.float64(),
        "time": arrow.timestamp("us", tz="UTC"),
        "text": arrow.string(),
    }
    schema = arrow.schema([(name, of_kind[kind]) for name, kind in types.items()])
    with arrow.parquet.ParquetWriter(sys.stdout.buffer, schema) as writer:
        for rows in _groups(spool):
            columns = zip(*rows, strict=True)
            arrays = [
                arrow.array([_value(value, kind) for value in column], type=of_kind[kind])
                for column, kind in zip(columns, types.values(), strict=True)
            ]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))


def _groups(spool: IO[bytes]) -> Iterator[Sequence[Sequence[object]]]:
    while lines := list(islice(spool, GROUP_ROWS)):
        yield [orjson.loads(line) for line in lines]


def _value(value: object, kind: str) -> object:
    if value is None:
        return None
    if kind == "time":
        return datetime.fromisoformat(str(value))
    return text_of(value) if kind == "text" else value
