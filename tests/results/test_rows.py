"""What the API says of a row is the row again, whatever it holds."""

import json
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.json_text import dump_json
from scrape_operator.core.reading import ItemRow, RunRow, TargetRunRow
from scrape_operator.core.results import StoredItem, VersionedRun
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.results.objects import item_object, run_object
from scrape_operator.results.rendering import to_json
from scrape_operator.results.rows import item_row, run_row, target_rows

COUNTS = st.integers(0, 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text('aZ09 -_.,="\\\n\u00eb\u6f22\u2028\N{GRINNING FACE}', max_size=12)
TIMES = st.datetimes(timezones=st.just(UTC))
STATUSES = st.sampled_from([status.value for status in RunStatus])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)

COUNTED = ("generation", "items_scraped", "items_total", "items_new", "items_changed", "items_gone", "missed")
RUNS = st.builds(
    RunRow,
    **dict.fromkeys((*COUNTED, "requests", "bytes"), COUNTS),
    **dict.fromkeys(("schedule_uid", "namespace", "name", "trigger", "slot", "owner"), TEXTS),
    **dict.fromkeys(("reason", "message", "policy", "robots"), st.none() | TEXTS),
    **dict.fromkeys(("started_at", "completed_at"), st.none() | TIMES),
    id=st.uuids(),
    scheduled_for=TIMES,
    status=STATUSES,
)
TARGETS = st.builds(
    TargetRunRow,
    **dict.fromkeys(("requests", "bytes", "pages", "items"), COUNTS),
    **dict.fromkeys(("target", "reason", "message"), TEXTS),
    status=STATUSES,
    http_status=st.none() | st.integers(100, 599),
    duration=FLOATS,
    warnings=st.lists(TEXTS, max_size=2),
    phases=st.dictionaries(TEXTS, FLOATS, max_size=2),
    breach=st.none() | TEXTS,
    since=st.none() | TIMES,
)
ITEMS = st.builds(
    ItemRow,
    **dict.fromkeys(("schedule_uid", "namespace", "target", "key", "content_hash"), TEXTS),
    **dict.fromkeys(("first_seen_at", "last_seen_at", "changed_at"), TIMES),
    name=st.from_regex(r"[a-z][-.a-z0-9]{0,20}", fullmatch=True),
    data=st.dictionaries(TEXTS, JSON, max_size=3),
    gone_at=st.none() | TIMES,
    run_id=st.uuids(),
)


def printed(row: Any) -> bytes:
    return dump_json(row._asdict(), orjson.OPT_UTC_Z)


def sent(obj: object) -> Any:
    return json.loads(to_json(obj))


@given(RUNS, st.lists(TARGETS, max_size=2))
def test_a_run_and_its_targets_come_back(run: RunRow, targets: list[TargetRunRow]) -> None:
    targets = [target._replace(run_id=run.id, position=position) for position, target in enumerate(targets)]
    obj = sent(run_object(VersionedRun(run, 1, 1, targets=targets)))
    assert run_row(obj) == run
    assert list(map(printed, target_rows(obj))) == list(map(printed, targets))


@given(ITEMS)
def test_an_item_comes_back(item: ItemRow) -> None:
    found = item_row(sent(item_object(StoredItem(7, item))))
    assert found == item
    assert printed(found) == printed(item)


@given(RUNS)
def test_objects_of_another_version_are_told(run: RunRow) -> None:
    without_slot, whole_seconds = sent(run_object(VersionedRun(run, 1, 1))), sent(run_object(VersionedRun(run, 1, 1)))
    del without_slot["spec"]["slot"]
    whole_seconds["spec"]["scheduledFor"] = "2026-11-24T10:00:00Z"
    for obj in (without_slot, whole_seconds):
        with pytest.raises((KeyError, TypeError, ValueError)):
            run_row(obj)
