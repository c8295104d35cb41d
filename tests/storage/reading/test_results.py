"""Runs and items are listed as resources, a page at a time, restricted by selections."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.results import Listing, ListQuery, VersionedRun
from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.selection import Operator, Requirement
from scrape_operator.storage.reading import results as reading
from scrape_operator.storage.reading.results import SQLResultReader, open_results
from scrape_operator.storage.reading.tokens import encode_token
from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import claim_of, failed_of, items_of, minute, result_of, settings_for, skip_of, target_of
from tests.support.many_items import fill


def one_of(field: str, *values: str) -> Requirement:
    return Requirement(field, Operator.IN, frozenset(values))


def none_of(field: str, *values: str) -> Requirement:
    return Requirement(field, Operator.NOT_IN, frozenset(values))


@pytest.fixture
async def reader(store: SQLRunStore, url: str) -> AsyncIterator[SQLResultReader]:
    """Read what two schedules left: three runs and a skip of one, a failed and a running run of the other."""
    for number in range(3):
        claim = claim_of(number)
        await store.claim(claim)
        seen = items_of(**{str(n): "1" for n in range(3 - number)})
        await store.finish(
            result_of(claim, target_of(seen, mode=ItemMode.SNAPSHOT), target_of(items_of(a="1"), name="other"))
        )
    await store.skip(skip_of(3))
    failed = claim_of(4, uid="uid-2", name="shop", namespace="team")
    await store.claim(failed)
    await store.finish(failed_of(failed, target_of(name="page", status=RunStatus.FAILED, reason=Reason.TIMEOUT)))
    await store.claim(claim_of(5, uid="uid-2", name="shop", namespace="team"))
    async with open_results(settings_for(url)) as opened:
        yield opened


async def pages(reader: SQLResultReader, query: ListQuery) -> list[Listing[VersionedRun]]:
    found = [await reader.runs(query)]
    while found[-1].next is not None:
        after = ListQuery(query.namespace, query.selection, found[-1].next, query.limit, query.with_targets)
        found.append(await reader.runs(after))
    return found


def seen(listing: Listing[VersionedRun]) -> list[tuple[str, str]]:
    return [(row.run.name, row.run.status) for row in listing.rows]


async def test_the_newest_run_comes_first(reader: SQLResultReader) -> None:
    assert seen(await reader.runs(ListQuery())) == [
        ("shop", "RUNNING"),
        ("shop", "FAILED"),
        ("quotes", "SKIPPED"),
        *[("quotes", "SUCCEEDED")] * 3,
    ]


@pytest.mark.parametrize(
    ("namespace", "selection", "count"),
    [
        pytest.param("team", (), 2, id="namespace"),
        pytest.param("nowhere", (), 0, id="unknown namespace"),
        pytest.param(None, [one_of("schedule", "shop")], 2, id="schedule everywhere"),
        pytest.param("default", [one_of("schedule", "shop")], 0, id="schedule of another namespace"),
        pytest.param(None, [none_of("schedule", "shop")], 4, id="other schedules"),
        pytest.param(None, [one_of("status", "FAILED", "SKIPPED")], 2, id="statuses"),
        pytest.param(None, [none_of("reason", "Timeout")], 5, id="no reason is none of the reasons"),
        pytest.param(None, [Requirement("reason", Operator.ABSENT)], 1, id="without a reason"),
        pytest.param(None, [one_of("target", "page")], 1, id="the only target"),
        pytest.param(None, [one_of("target", "quotes")], 0, id="one target of several"),
        pytest.param(None, [Requirement("target", Operator.ABSENT)], 5, id="not one target"),
        pytest.param(None, [Requirement("colour", Operator.EXISTS)], 0, id="unknown field"),
        pytest.param(None, [Requirement("colour", Operator.ABSENT)], 6, id="without an unknown field"),
        pytest.param(None, [one_of("status", "SUCCEEDED"), one_of("trigger", "manual")], 0, id="all must hold"),
    ],
)
async def test_runs_are_selected(
    reader: SQLResultReader, namespace: str | None, selection: Sequence[Requirement], count: int
) -> None:
    assert len((await reader.runs(ListQuery(namespace, selection))).rows) == count


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 7])
async def test_pages_of_runs_cover_all_once_and_keep_the_first_revision(
    reader: SQLResultReader, store: SQLRunStore, limit: int
) -> None:
    expected = (await reader.runs(ListQuery())).rows
    first = await reader.runs(ListQuery(limit=limit))
    await store.claim(claim_of(9))
    found = [first]
    while found[-1].next is not None:
        found.append(await reader.runs(ListQuery(after=found[-1].next, limit=limit)))
    assert [row for page in found for row in page.rows] == list(expected)
    assert {page.revision for page in found} == {first.revision}


async def test_a_run_is_listed_with_the_sum_of_its_targets(reader: SQLResultReader) -> None:
    listed = {row.run.status: row for row in (await reader.runs(ListQuery())).rows}
    assert [(listed[s].target_count, listed[s].good_targets) for s in ("SUCCEEDED", "FAILED", "RUNNING")] == [
        (2, 2),
        (1, 0),
        (0, 0),
    ]
    assert [listed[s].only_target for s in ("SUCCEEDED", "FAILED", "RUNNING")] == [None, "page", None]
    assert listed["SUCCEEDED"].targets == ()


async def test_a_page_with_many_targets_ends_earlier(reader: SQLResultReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LIST_MAX_TARGETS", 3)
    found = await pages(reader, ListQuery(with_targets=True))
    assert [[len(row.targets) for row in page.rows] for page in found] == [[0, 1, 0, 2], [2], [2]]
    assert [target.target for target in found[-1].rows[0].targets] == ["quotes", "other"]


async def test_one_run_is_read_in_its_namespace_only(reader: SQLResultReader) -> None:
    listed = (await reader.runs(ListQuery("default", [one_of("status", "SUCCEEDED")]))).rows[0]
    found = await reader.run("default", listed.run.id)
    assert found is not None
    assert (found.run, found.revision, len(found.targets)) == (listed.run, listed.revision, 2)
    assert await reader.run("team", listed.run.id) is None
    assert await reader.run("default", UUID(int=1)) is None


async def test_rows_of_deleted_schedules_are_not_shown(reader: SQLResultReader, store: SQLRunStore) -> None:
    (run, *_rest) = (await reader.runs(ListQuery("default"))).rows
    (item, *_others) = (await reader.items(ListQuery("default"))).rows
    await store.mark_deleted(["uid-1"], minute(9))
    assert (await reader.runs(ListQuery("default"))).rows == []
    assert (await reader.items(ListQuery("default"))).rows == []
    assert await reader.run("default", run.run.id) is None
    assert await reader.item("default", item.id) is None


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        pytest.param((), 4, id="all"),
        pytest.param([one_of("status", "PRESENT")], 2, id="present"),
        pytest.param([one_of("status", "GONE")], 2, id="gone"),
        pytest.param([one_of("target", "other")], 1, id="target"),
        pytest.param([one_of("schedule", "shop")], 0, id="schedule without items"),
    ],
)
async def test_items_are_selected(reader: SQLResultReader, selection: Sequence[Requirement], count: int) -> None:
    assert len((await reader.items(ListQuery("default", selection))).rows) == count
    assert (await reader.items(ListQuery("team", selection))).rows == []


@pytest.mark.parametrize("limit", [1, 3, 4, 5])
async def test_pages_of_items_cover_all_once(reader: SQLResultReader, limit: int) -> None:
    expected = (await reader.items(ListQuery())).rows
    found = [await reader.items(ListQuery(limit=limit))]
    while found[-1].next is not None:
        found.append(await reader.items(ListQuery(after=found[-1].next, limit=limit)))
    assert [row for page in found for row in page.rows] == list(expected)
    assert await reader.item("default", expected[0].id) == expected[0]
    assert await reader.item("team", expected[0].id) is None


async def test_a_page_with_large_items_ends_earlier(reader: SQLResultReader, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (await reader.items(ListQuery())).rows
    monkeypatch.setattr(reading, "LIST_MAX_CHARACTERS", 60)
    found = [await reader.items(ListQuery())]
    while found[-1].next is not None:
        found.append(await reader.items(ListQuery(after=found[-1].next)))
    assert [len(page.rows) for page in found] == [2, 2]
    assert [row for page in found for row in page.rows] == list(expected)
    monkeypatch.setattr(reading, "LIST_MAX_CHARACTERS", 1)
    assert len((await reader.items(ListQuery())).rows) == 1


@pytest.mark.parametrize(
    "token",
    [
        "",
        "e30",
        encode_token(["1"]),
        encode_token(["x", "y"]),
        encode_token(["1", "no-uuid"]),
        encode_token(["9" * 40, "x"]),
    ],
)
async def test_a_foreign_token_is_refused(reader: SQLResultReader, token: str) -> None:
    with pytest.raises(InvalidValue, match="token"):
        await reader.runs(ListQuery(after=token))


async def test_a_lease_that_is_renewed_is_no_change(reader: SQLResultReader, store: SQLRunStore) -> None:
    (lease,) = await store.leases()
    before = (await reader.runs(ListQuery())).rows
    await store.renew(lease.owner, [lease.run_id], lease.expires_at + timedelta(minutes=1))
    assert (await reader.runs(ListQuery())).rows == before


async def test_rows_since_a_time_are_listed(reader: SQLResultReader) -> None:
    assert len((await reader.runs(ListQuery(since=minute(3)))).rows) == 3
    assert len((await reader.runs(ListQuery(since=minute(3) + timedelta(microseconds=1)))).rows) == 2
    assert len((await reader.items(ListQuery(since=minute(0)))).rows) == 4
    assert (await reader.items(ListQuery(since=minute(1)))).rows == []


@pytest.mark.parametrize("selection", [(), [one_of("schedule", "quotes")], [one_of("target", "quotes")]])
async def test_a_page_of_items_is_read_from_its_place_on(tmp_path: Path, selection: Sequence[Requirement]) -> None:
    """Pages that read what was on those before make the cost of a list the square of its length."""
    file = tmp_path / "runs.db"
    await asyncio.to_thread(fill, file, 1_500)
    statements: list[tuple[str, Any]] = []

    def listen(connection: Connection) -> None:
        event.listen(connection.engine, "before_cursor_execute", lambda *called: statements.append(called[2:4]))

    async with open_results(settings_for(f"sqlite:///{file}")) as opened:
        await opened._database.snapshot(listen)
        first = await opened.items(ListQuery("default", selection))
        statements.clear()
        await opened.items(ListQuery("default", selection, first.next))
    with closing(sqlite3.connect(file)) as database:
        plans = [
            str(database.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall())
            for text, values in statements
            if "FROM items" in text
        ]
    assert len(plans) == 2
    assert all("(schedule_uid=? AND target=? AND key>?)" in plan for plan in plans)
