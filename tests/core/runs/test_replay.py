"""What a replay would change of the items that are stored."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.items import Change, Item, ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.replay import Difference, KeptRun, StoredItem, compare
from scrape_operator.core.runs.run import RunStatus, TargetResult

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def item(name: str, price: str) -> Item:
    return Item.of({"name": name, "price": price}, ["name"])


def stored(name: str, price: str, *, is_gone: bool = False) -> dict[str, StoredItem]:
    made = item(name, price)
    return {made.key: StoredItem(made.content_hash, made.data, is_gone)}


STORED = stored("same", "1") | stored("changed", "1") | stored("back", "1", is_gone=True) | stored("lost", "1")
STORED |= stored("long gone", "1", is_gone=True)
READ = [item("same", "1"), item("changed", "2"), item("back", "2"), item("new", "1")]

CHANGED = Difference("t", '["changed"]', Change.CHANGED, {"price": "1"}, {"price": "2"})
BACK = Difference("t", '["back"]', Change.BACK, None, READ[2].data)
NEW = Difference("t", '["new"]', Change.NEW, None, READ[3].data)
GONE = Difference("t", '["lost"]', Change.GONE, item("lost", "1").data, None)


def result(**others: Any) -> TargetResult:
    values: dict[str, Any] = {"status": RunStatus.SUCCEEDED, "reason": Reason.SUCCEEDED, "items": READ}
    return TargetResult("t", **values | others)


@pytest.mark.parametrize(
    ("read", "differences", "same"),
    [
        (result(), [CHANGED, BACK, NEW], 1),
        (result(mode=ItemMode.SNAPSHOT, complete=True), [CHANGED, BACK, NEW, GONE], 1),
        (result(mode=ItemMode.SNAPSHOT, complete=False), [CHANGED, BACK, NEW], 1),
        (result(status=RunStatus.FAILED, reason=Reason.TIMEOUT), [], 0),
        (result(items=()), [], 0),
    ],
    ids=["upsert", "snapshot", "a partial snapshot", "failed", "nothing"],
)
def test_a_replay_shows_what_storing_it_would_change(read: TargetResult, differences: Any, same: int) -> None:
    found = compare(read, STORED)
    assert (list(found.differences), found.same) == (differences, same)
    assert sum(found.counts.values()) == len(differences)


def test_a_replay_keeps_what_is_stored_of_fields_that_it_could_not_read() -> None:
    unread = [Item.of({"name": name, "price": None}, ["name"])._replace(unread=("price",)) for name in ("same", "back")]
    found = compare(result(items=unread), STORED)
    assert list(found.differences) == [Difference("t", '["back"]', Change.BACK, None, item("back", "1").data)]
    assert found.same == 1


def test_in_mode_append_every_item_is_new() -> None:
    found = compare(result(mode=ItemMode.APPEND), STORED)
    assert (found.counts, found.same) == ({Change.NEW: 4}, 0)


def test_a_response_is_kept_with_what_extraction_reads_of_it() -> None:
    headers = {"content-type": "text/html", "link": "</2>; rel=next", "set-cookie": "s=1"}
    kept = KeptBody.pack(2, Response("http://a.example/", 203, headers, b"body " * 100), NOON, "detail")
    assert (kept.page, kept.detail_of, kept.fetched_at, len(kept.digest)) == (2, "detail", NOON, 40)
    assert len(kept.content) < 100
    kept_headers = {"content-type": "text/html", "link": "</2>; rel=next"}
    assert kept.unpack() == Response("http://a.example/", 203, kept_headers, b"body " * 100)
    assert KeptBody.pack(0, Response("http://a.example/", 200, {}, b""), NOON).unpack().headers == {}


def test_a_kept_body_is_shown_without_its_content() -> None:
    shown = repr(KeptBody.pack(0, Response("http://a.example/", 200, {}, b"body"), NOON))
    assert "http://a.example/" in shown
    assert "content=" not in shown


def test_the_responses_of_a_run_are_those_of_all_targets() -> None:
    kept = KeptBody.pack(0, Response("http://a.example/", 200, {}, b""), NOON)
    run = KeptRun(UUID(int=1), "uid", "ns", "name", 1, NOON, NOON, 0, {"a": [kept, kept], "b": [kept]})
    assert run.responses == 3


def test_a_body_is_packed_to_the_same_bytes_at_any_time() -> None:
    response = Response("http://a.example/", 200, {}, b"body")
    kept = KeptBody.pack(0, response, NOON)
    assert kept.content[4:8] == bytes(4)  # RFC 1952 section 2.3.1: MTIME, 0 for no time
    assert len(bytes.fromhex(kept.digest)) == 20
