"""`-o parquet`: columns with types, and a clear error without the extra."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO, TextIOWrapper
from typing import Any
from uuid import UUID

import pytest

from scrape_operator.cli.parquet import GROUP_ROWS, print_parquet
from scrape_operator.cli.records import Record
from scrape_operator.core.errors import InvalidValue

parquet: Any = import_module("pyarrow.parquet")

AT = datetime(2026, 11, 29, 12, 30, 15, 250_000, tzinfo=UTC)


async def given(*records: Record) -> AsyncIterator[Record]:
    for record in records:
        yield record


def written(monkeypatch: pytest.MonkeyPatch, *records: Record) -> bytes:
    raw = BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", TextIOWrapper(raw))
        assert asyncio.run(print_parquet(given(*records))) == len(records)
        return raw.getvalue()


def read(content: bytes) -> Any:
    return parquet.read_table(BytesIO(content))


def test_columns_have_the_types_of_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    first = {
        "whole": 1,
        "part": 1,
        "yes": True,
        "at": AT,
        "text": "ä",
        "id": UUID(int=1),
        "many": [1, "a"],
        "none": None,
    }
    second = first | {"whole": None, "part": 0.5, "yes": False, "many": {"b": 2}, "text": None}
    table = read(written(monkeypatch, first, second))
    assert {field.name: str(field.type) for field in table.schema} == {
        "whole": "int64",
        "part": "double",
        "yes": "bool",
        "at": "timestamp[us, tz=UTC]",
        "text": "string",
        "id": "string",
        "many": "string",
        "none": "string",
    }
    as_text = {"id": str(UUID(int=1)), "many": '[1,"a"]', "none": None}
    assert table.to_pylist() == [first | as_text, second | as_text | {"many": '{"b":2}'}]


def test_values_of_several_types_are_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    table = read(written(monkeypatch, {"price": 1, "count": 2**70}, {"price": "2.50", "count": 1}))
    assert table.to_pylist() == [{"price": "1", "count": str(2**70)}, {"price": "2.50", "count": "1"}]


def test_a_long_file_has_several_groups_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(monkeypatch, *({"number": number} for number in range(GROUP_ROWS + 1)))
    assert parquet.ParquetFile(BytesIO(content)).num_row_groups == 2
    assert read(content)["number"].to_pylist() == list(range(GROUP_ROWS + 1))


def test_no_rows_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(monkeypatch) == b""


def test_without_the_extra_one_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet", raising=False)
    with pytest.raises(InvalidValue, match=r"needs pyarrow.*pip install 'scrape-operator\[parquet\]'"):
        asyncio.run(print_parquet(given({"a": 1})))


def test_a_terminal_gets_no_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "isatty", lambda: True)
        with pytest.raises(InvalidValue, match="redirect it to a file"):
            asyncio.run(print_parquet(given({"a": 1})))
