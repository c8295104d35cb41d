"""Rows as people read them, selections of them, and values as JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from scrape_operator.core.json_text import dump_json
from scrape_operator.core.reading import ItemQuery, Page, RemovedRuns, RunRow, page_rows, read_all
from scrape_operator.core.selection import Operator, Requirement, is_selected

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("started", "completed", "seconds"),
    [(NOON, NOON + timedelta(seconds=1.5), 1.5), (None, NOON, None), (NOON, None, None), (None, None, None)],
)
def test_a_run_lasts_from_its_start_to_its_end(started, completed, seconds) -> None:
    known = {"started_at": started, "completed_at": completed}
    assert RunRow._make(known.get(name) for name in RunRow._fields).duration == seconds


async def test_all_pages_are_read_in_their_order() -> None:
    pages = {None: Page([1, 2], "b"), "b": Page([], "c"), "c": Page([3])}

    async def read(token: str | None) -> Page[int]:
        return pages[token]

    assert [row async for row in read_all(read)] == [1, 2, 3]


@pytest.mark.parametrize(("limit", "rows"), [(0, 500), (1, 2), (498, 499), (499, 500), (500, 500), (501, 500)])
def test_a_page_has_one_row_more_than_asked_for_and_five_hundred_at_most(limit: int, rows: int) -> None:
    assert page_rows(limit) == rows


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [
        (Operator.IN, {"a", "b"}, ["a", "b"]),
        (Operator.NOT_IN, {"a", "b"}, ["c", None]),
        (Operator.EXISTS, set(), ["a", "b", "c"]),
        (Operator.ABSENT, set(), [None]),
    ],
)
def test_a_requirement_chooses_by_the_value_of_its_field(
    operator: Operator, values: set[str], chosen: list[str | None]
) -> None:
    requirement = Requirement("f", operator, frozenset(values))
    assert [value for value in ("a", "b", "c", None) if requirement.matches(value)] == chosen
    assert [value for value in ("a", "b", "c", None) if is_selected([requirement], {"f": value})] == chosen


def test_all_requirements_of_a_selection_must_hold() -> None:
    both = [Requirement("f", Operator.IN, frozenset({"a"})), Requirement("g", Operator.EXISTS)]
    assert is_selected(both, {"f": "a", "g": "x"})
    assert not is_selected(both, {"f": "a"})
    assert not is_selected(both, {"f": "b", "g": "x"})
    assert is_selected([], {})


class OtherUUID(UUID):
    """As asyncpg has it."""


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, "ü", None]},
        {"a": 2**70},
        {"a": NOON, "b": 2**70},
        {"id": UUID(int=5)},
        {"id": OtherUUID(int=5)},
        {"id": OtherUUID(int=5), "b": 2**70},
    ],
)
def test_values_that_orjson_refuses_are_written_in_the_same_form(value: dict[str, Any]) -> None:
    text = dump_json(value, orjson.OPT_UTC_Z)
    assert json.loads(text) == json.loads(json.dumps(value, default=plain))
    assert b" " not in text


def test_json_is_compact_if_nothing_else_is_asked_for() -> None:
    assert dump_json({"a": ["ü", {"b": None}]}) == '{"a":["ü",{"b":null}]}'.encode()
    assert dump_json({"a": ["ü", {"b": 2**70}]}) == '{"a":["ü",{"b":1180591620717411303424}]}'.encode()


def plain(value: object) -> str:
    return "2026-11-25T12:00:00Z" if value == NOON else str(value)


def test_no_run_is_removed_where_nothing_is_known_of_it() -> None:
    assert RemovedRuns() == (0, None, None)


def test_items_that_are_gone_are_read_only_if_they_are_asked_for() -> None:
    assert not ItemQuery().with_gone


def test_deep_values_are_written() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    assert dump_json(deep) == b"[" * 301 + b"]" * 301
