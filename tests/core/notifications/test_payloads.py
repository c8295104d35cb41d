"""The payloads of messages, as receivers read them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from scrape_operator.core.notifications.changes import ItemChange, ListedChanges
from scrape_operator.core.notifications.events import RunEnd
from scrape_operator.core.notifications.payloads import merge_payloads, payload_of
from scrape_operator.core.notifications.webhooks import NotifyEvent
from scrape_operator.core.runs.items import Change, ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetHealth, Trigger
from scrape_operator.core.schedule.plan import ObjectKey

MAX_TARGETS = 10

KEY = ObjectKey("uid-1", "shop", "prices")
BREACHED = TargetHealth("a", RunStatus.PARTIALLY_SUCCEEDED, Reason.EXPECTATION_FAILED, "1 of 2", breach="0 items")
DOWN = TargetHealth("b", RunStatus.FAILED, Reason.TIMEOUT, "no answer")
LAMP = ItemChange("a", '["lamp"]', Change.CHANGED, {"price": "1"}, {"price": "2"})
SOFA = ItemChange("a", '["sofa"]', Change.NEW, None, {"price": "9"})
NOTHING = ListedChanges(())
RUN = {
    "id": str(UUID(int=7)),
    "trigger": "scheduled",
    "generation": 3,
    "scheduledFor": "2026-11-25T12:00:00.000Z",
    "startedAt": "2026-11-25T12:00:01.000Z",
    "completedAt": "2026-11-25T12:00:02.500Z",
    "status": "FAILED",
    "reason": "Timeout",
    "message": "no answer",
}


def at(second: float) -> datetime:
    return datetime(2026, 11, 25, 12, 0, int(second), round(second % 1 * 1_000_000), tzinfo=UTC)


def end(number: int = 7, *, started: bool = True, counts: ItemCounts | None = None, targets: Any = ()) -> RunEnd:
    return RunEnd(
        KEY,
        UUID(int=number),
        Trigger.SCHEDULED,
        3,
        at(0),
        at(1) if started else None,
        at(2.5),
        RunStatus.FAILED,
        Reason.TIMEOUT,
        "no answer",
        targets or (BREACHED, DOWN),
        counts or ItemCounts(total=5, new=1, changed=1, gone=2),
    )


def sent(event: NotifyEvent, run: RunEnd, changes: ListedChanges = NOTHING) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(payload_of(event, "team", run, changes))
    return payload


def test_every_event_names_its_schedule_webhook_and_run() -> None:
    for event in NotifyEvent:
        payload = sent(event, end())
        assert (payload["type"], payload["timestamp"]) == (event.value, RUN["completedAt"])
        named = [payload["data"][name] for name in ("namespace", "schedule", "uid", "webhook")]
        assert named == ["shop", "prices", "uid-1", "team"]
        assert payload["data"]["run"] == RUN
    assert sent(NotifyEvent.RUN_FAILED, end(started=False))["data"]["run"]["startedAt"] is None


@pytest.mark.parametrize(
    ("event", "targets"),
    [
        (NotifyEvent.RUN_FAILED, [{"name": "b", "status": "FAILED", "reason": "Timeout", "message": "no answer"}]),
        (
            NotifyEvent.DATA_UNHEALTHY,
            [{"name": "a", "status": "PARTIALLY_SUCCEEDED", "reason": "ExpectationFailed", "message": "0 items"}],
        ),
        (NotifyEvent.RUN_RECOVERED, None),
        (NotifyEvent.DATA_RECOVERED, None),
        (NotifyEvent.ITEMS_CHANGED, None),
    ],
)
def test_failures_name_the_targets_that_failed_or_broke_an_expectation(event: NotifyEvent, targets: Any) -> None:
    assert sent(event, end())["data"].get("targets") == targets


def test_a_failure_names_ten_targets_at_most() -> None:
    assert len(sent(NotifyEvent.RUN_FAILED, end(targets=[DOWN] * 15))["data"]["targets"]) == MAX_TARGETS == 10


def test_changed_items_are_counted_and_listed() -> None:
    data = sent(NotifyEvent.ITEMS_CHANGED, end(), ListedChanges([LAMP, SOFA], 4))["data"]
    assert (data["runs"], data["changesOmitted"]) == (1, 4)
    assert data["firstRun"] == {"id": str(UUID(int=7)), "scheduledFor": RUN["scheduledFor"]}
    assert data["items"] == {"total": 5, "new": 1, "changed": 1, "gone": 2}
    assert [(one["key"], one["change"], one["before"], one["after"]) for one in data["changes"]] == [
        ('["lamp"]', "CHANGED", {"price": "1"}, {"price": "2"}),
        ('["sofa"]', "NEW", None, {"price": "9"}),
    ]


def test_two_messages_of_changes_become_one_of_the_later_run_and_both_counts() -> None:
    later_lamp = LAMP._replace(before={"price": "2"}, after={"price": "3"})
    earlier = payload_of(NotifyEvent.ITEMS_CHANGED, "team", end(), ListedChanges([LAMP], 1))
    later = payload_of(
        NotifyEvent.ITEMS_CHANGED, "team", end(8, counts=ItemCounts(6, 2, 3, 4)), ListedChanges([later_lamp, SOFA], 2)
    )
    merged = json.loads(merge_payloads(earlier, later))
    data = merged["data"]
    assert (merged["type"], data["run"]["id"], data["runs"]) == ("ItemsChanged", str(UUID(int=8)), 2)
    assert data["firstRun"]["id"] == str(UUID(int=7))
    assert data["items"] == {"total": 6, "new": 3, "changed": 4, "gone": 6}
    assert data["changesOmitted"] == 3
    assert [(one["key"], one["before"], one["after"]) for one in data["changes"]] == [
        ('["lamp"]', {"price": "1"}, {"price": "3"}),
        ('["sofa"]', None, {"price": "9"}),
    ]


def test_text_is_written_as_it_is_and_compact() -> None:
    payload = payload_of(NotifyEvent.ITEMS_CHANGED, "team", end(), ListedChanges([SOFA._replace(key="ü")]))
    assert '"key":"ü"' in payload
    assert ", " not in payload
