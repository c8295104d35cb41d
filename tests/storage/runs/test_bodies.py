"""Responses are kept once, within bounds, and go with their runs."""

from datetime import timedelta
from uuid import UUID

import pytest

from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.storage.runs import bodies
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import bodies as bodies_table
from scrape_operator.storage.tables import body_contents
from tests.storage.values import claim_of, minute, result_of, rows_of, target_of


def body(text: str, page: int = 0) -> KeptBody:
    headers = {"content-type": "text/html; charset=utf-8", "link": '</2>; rel="next"'}
    response = Response(f"https://site.example/{page}", 200, headers, text.encode())
    return KeptBody.pack(page, response, minute(1))


async def run(store: SQLRunStore, number: float, *kept: KeptBody, uid: str = "uid-1") -> UUID:
    claim = claim_of(number, uid=uid)
    await store.claim(claim)
    await store.finish(result_of(claim, target_of(bodies=kept), target_of(name="other")))
    return claim.id


async def contents(store: SQLRunStore) -> int:
    return len(await rows_of(store, body_contents))


async def test_a_body_is_read_as_it_was(store: SQLRunStore) -> None:
    pages = [body("<p>one", 0), body("<p>two\0", 1)]
    run_id = await run(store, 0, *pages)
    kept = await store.load_bodies(run_id)
    assert kept == {"quotes": pages}
    assert [page.unpack().body for page in kept["quotes"]] == [b"<p>one", b"<p>two\0"]


async def test_one_content_is_stored_once(store: SQLRunStore) -> None:
    for number in range(3):
        await run(store, number, body("same"), body("same", 1), uid=f"uid-{number}")
    assert len(await rows_of(store, bodies_table)) == 6
    assert await contents(store) == 1


async def test_contents_go_with_the_last_run_that_has_them(store: SQLRunStore) -> None:
    await run(store, 0, body("first"), body("both", 1))
    await run(store, 1, body("both"))
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    await store.prune_deleted(minute(2))
    assert len(await rows_of(store, bodies_table)) == 1
    assert await contents(store) == 1
    assert bodies.CONTENTS_AT_ONCE > 1


async def test_a_part_of_the_contents_is_looked_at_each_time(
    store: SQLRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "CONTENTS_AT_ONCE", 2)
    await run(store, 0, *(body(str(number)) for number in range(5)))
    await run(store, 1)
    await store.prune("uid-1", successful=1, failed=1, older_than=minute(-9))
    left = []
    for _ in range(4):
        await store.prune_deleted(minute(2))
        left.append(await contents(store))
    assert left == [3, 1, 0, 0]


async def test_a_schedule_keeps_its_newest_responses(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    one = body("x" * 1000)
    monkeypatch.setattr(bodies, "MAX_BYTES_PER_SCHEDULE", 2 * len(one.content) + 5)
    runs = [await run(store, number, body(str(number) * 1000)) for number in range(4)]
    await run(store, 0, one, uid="uid-2")
    kept = [bool(await store.load_bodies(run_id)) for run_id in runs]
    assert kept == [False, False, True, True]
    assert len(await rows_of(store, bodies_table)) == 3


async def test_all_contents_have_a_bound(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        await run(store, number, body(str(number) * 1000), uid=f"uid-{number}")
    monkeypatch.setattr(bodies, "MAX_BYTES", 2 * len(body("0" * 1000).content) + 5)
    await store.prune_deleted(minute(5) + timedelta(seconds=1))
    assert [row["schedule_uid"] for row in await rows_of(store, bodies_table)] == ["uid-2", "uid-3"]
    assert await contents(store) == 2
