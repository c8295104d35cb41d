"""Messages in the database: written with the end of a run, merged, delivered in order, given up, pruned."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.notifications.delivery import Attempt, AttemptEnd, Check, Failure, Head, Place
from scrape_operator.core.notifications.webhooks import NotifyEvent, Webhook, WebhookHealth
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import DataPolicy, RunStatus, StoredSpec
from scrape_operator.storage.messages import delivering, writing
from scrape_operator.storage.messages.redelivery import DeadLetters, redeliver
from scrape_operator.storage.messages.tables import webhook_messages, webhooks
from scrape_operator.storage.store import SQLRunStore
from scrape_operator.storage.tables import schedules, scrape_runs
from tests.storage.values import (
    claim_of,
    failed_of,
    items_of,
    minute,
    reap,
    result_of,
    rows_of,
    settings_for,
    target_of,
)

KEY = SecretKey("hook", "url")
EVENTS = tuple(NotifyEvent)
OPS = Place("uid-1", "ops")
DOWN = Failure(Reason.CONNECT_ERROR, "the receiver refused the connection")
GONE = Failure(Reason.HTTP_STATUS, "the receiver answered with status 410", 410)


def spec(*names: str, events: tuple[NotifyEvent, ...] = EVENTS, **others: Any) -> StoredSpec:
    return StoredSpec(webhooks=tuple(Webhook(name, events, KEY, KEY) for name in names or ("ops",)), **others)


async def end(store: SQLRunStore, number: float, *, failed: bool = False, uid: str = "uid-1", **texts: str) -> None:
    """Store the run of a minute, whose items are these, or which failed."""
    await end_of(store, number, spec(), failed=failed, uid=uid, **texts)


async def end_of(
    store: SQLRunStore, number: float, of: StoredSpec, *, failed: bool = False, uid: str = "uid-1", **texts: str
) -> None:
    claim = claim_of(number, uid=uid, spec=of)
    assert await store.claim(claim)
    assert await store.finish(failed_of(claim) if failed else result_of(claim, target_of(items_of(**texts))))


async def end_with(store: SQLRunStore, number: float, texts: Mapping[str, str]) -> None:
    claim = claim_of(number, spec=spec())
    assert await store.claim(claim)
    assert await store.finish(result_of(claim, target_of(items_of(**texts))))


async def messages(store: SQLRunStore) -> list[dict[str, Any]]:
    return [{**row, "payload": json.loads(row["payload"])} for row in await rows_of(store, webhook_messages)]


async def events(store: SQLRunStore) -> list[str]:
    return [row["event"] for row in await rows_of(store, webhook_messages)]


async def head(store: SQLRunStore, place: Place = OPS) -> Head:
    found = await store.messages.read_head(place)
    assert found is not None
    return found


async def attempt(
    store: SQLRunStore, at: datetime, failure: Failure | None, retry_at: datetime | None
) -> WebhookHealth:
    message = (await head(store)).message
    assert await store.messages.begin(Attempt(message, at, at + timedelta(seconds=1)))
    return await store.messages.end(AttemptEnd(message, at, 1, failure, retry_at))


async def test_a_run_without_webhooks_writes_none(store: SQLRunStore) -> None:
    await end_of(store, 0, StoredSpec(), failed=True)
    assert await messages(store) == []
    assert await rows_of(store, webhooks) == []


async def test_a_message_is_there_with_the_end_of_its_run(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    (run,) = await rows_of(store, scrape_runs)
    (message,) = await messages(store)
    assert (message["run_id"], message["status"], message["attempts"]) == (run["id"], "PENDING", 0)
    assert message["message_id"].startswith("msg_")
    assert "." not in message["message_id"]
    payload = message["payload"]
    assert (payload["type"], payload["timestamp"]) == ("RunFailed", "2026-11-24T10:00:06.250Z")
    data = payload["data"]
    assert (data["namespace"], data["schedule"], data["webhook"]) == ("default", "quotes", "ops")
    assert (data["run"]["id"], data["run"]["reason"], data["run"]["message"]) == (
        str(run["id"]),
        "Timeout",
        "it failed",
    )


async def test_a_run_that_is_stored_twice_has_one_message(store: SQLRunStore) -> None:
    claim = claim_of(0, spec=spec())
    await store.claim(claim)
    await store.finish(failed_of(claim))
    await store.finish(failed_of(claim))
    assert await events(store) == ["RunFailed"]


async def test_a_run_that_is_not_ours_any_more_has_no_message(store: SQLRunStore) -> None:
    claim = claim_of(0, spec=spec())
    await store.claim(claim)
    assert await store.finish(failed_of(claim_of(0, id=claim.id, spec=spec(), owner="another"))) is None
    assert await events(store) == []


async def test_each_webhook_gets_what_it_asks_for(store: SQLRunStore) -> None:
    failures, recoveries = (NotifyEvent.RUN_FAILED,), (NotifyEvent.RUN_RECOVERED,)
    both = StoredSpec(webhooks=(Webhook("a", failures, KEY, KEY), Webhook("b", recoveries, KEY, KEY)))
    for number, failed in enumerate((True, True, False, False, True)):
        await end_of(store, number, both, failed=failed)
    rows = await rows_of(store, webhook_messages)
    assert [(row["webhook"], row["event"]) for row in rows] == [
        ("a", "RunFailed"),
        ("b", "RunRecovered"),
        ("a", "RunFailed"),
    ]
    assert len({row["message_id"] for row in rows}) == 3


async def test_a_webhook_that_is_added_to_a_failing_schedule_hears_of_the_failure(store: SQLRunStore) -> None:
    await end_of(store, 0, StoredSpec(), failed=True)
    await end(store, 1, failed=True)
    assert await events(store) == ["RunFailed"]


async def test_an_orphaned_run_is_a_failed_one(store: SQLRunStore) -> None:
    await store.claim(claim_of(0, spec=spec()))
    await store.claim(claim_of(1, spec=spec()))
    await reap(store, minute(5))
    (message,) = await messages(store)
    assert message["payload"]["data"]["run"]["reason"] == "Orphaned"
    await end(store, 6, a="1")
    assert await events(store) == ["RunFailed", "RunRecovered", "ItemsChanged"]


async def test_changes_are_in_the_message(store: SQLRunStore) -> None:
    await end(store, 0, a="1", b="2")
    (message,) = await messages(store)
    data = message["payload"]["data"]
    assert data["items"] == {"total": 2, "new": 2, "changed": 0, "gone": 0}
    assert (data["runs"], data["changesOmitted"]) == (1, 0)
    assert data["changes"][0] == {
        "target": "quotes",
        "key": '["a"]',
        "change": "NEW",
        "before": None,
        "after": {"name": "a", "text": "1"},
    }


async def test_changes_that_wait_are_merged_until_they_are_sent(store: SQLRunStore) -> None:
    await end(store, 0, a="1")
    await end(store, 1, a="2", b="1")
    first = (await head(store)).message
    assert await store.messages.begin(Attempt(first, minute(2), minute(3)))
    for number, text in ((3, "3"), (4, "4")):
        await end(store, number, a=text, b="1")
    sent, waiting = await messages(store)
    assert sent["payload"]["data"]["runs"] == waiting["payload"]["data"]["runs"] == 2
    assert sent["payload"]["data"]["items"] == {"total": 2, "new": 2, "changed": 1, "gone": 0}
    assert [change["after"]["text"] for change in sent["payload"]["data"]["changes"]] == ["2", "1"]
    (change,) = waiting["payload"]["data"]["changes"]
    assert (change["change"], change["before"], change["after"]) == ("CHANGED", {"text": "2"}, {"text": "4"})
    runs = await rows_of(store, scrape_runs)
    assert waiting["payload"]["data"]["firstRun"]["id"] == str(runs[2]["id"])
    assert waiting["payload"]["data"]["run"]["id"] == str(waiting["run_id"]) == str(runs[3]["id"])


async def test_what_is_sent_is_what_was_merged_until_then(store: SQLRunStore) -> None:
    """The message is read before the attempt begins; a run may end in between."""
    await end(store, 0, a="1")
    read = (await head(store)).message
    await end(store, 1, a="2")
    sent = await store.messages.begin(Attempt(read, minute(2), minute(3)))
    assert sent is not None
    assert json.loads(sent)["data"]["runs"] == 2
    await end(store, 4, a="3")
    assert (await head(store)).message.payload == sent
    assert await store.messages.begin(Attempt(read, minute(5), minute(6))) == sent


async def test_changes_are_not_merged_past_another_event(store: SQLRunStore) -> None:
    await end(store, 0, a="1")
    await end(store, 1, failed=True)
    await end(store, 2, a="2")
    await end(store, 3, a="3")
    assert await events(store) == ["ItemsChanged", "RunFailed", "RunRecovered", "ItemsChanged"]
    assert (await messages(store))[-1]["payload"]["data"]["runs"] == 2


async def test_a_thousand_changes_make_a_bounded_message(store: SQLRunStore) -> None:
    texts = {f"n{number}": "x" * 300 for number in range(1000)}
    await end_with(store, 0, texts)
    (message,) = await messages(store)
    data = message["payload"]["data"]
    assert len(data["changes"]) == 100
    assert data["changesOmitted"] == 900
    assert data["items"]["new"] == 1000
    assert len(json.dumps(message["payload"])) < 65_536


async def test_messages_are_delivered_in_their_order(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await end(store, 1, a="1")
    assert await store.messages.find_due(minute(2)) == [OPS]
    delivered = []
    while (found := await store.messages.read_head(OPS)) is not None:
        delivered.append(found.message.event.value)
        await attempt(store, minute(2), None, None)
    assert delivered == ["RunFailed", "RunRecovered", "ItemsChanged"]
    assert await store.messages.find_due(minute(9)) == []
    assert {row["status"] for row in await messages(store)} == {"DELIVERED"}


async def test_a_message_that_waits_for_its_next_attempt_holds_back_the_others(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await attempt(store, minute(1), DOWN, minute(10))
    await end(store, 2, a="1")
    assert await store.messages.find_due(minute(9)) == []
    first = (await head(store)).message
    assert (first.event, first.attempts, first.first_attempt_at) == (NotifyEvent.RUN_FAILED, 1, minute(1))
    assert await store.messages.find_due(minute(10)) == [OPS]


async def test_a_process_that_dies_between_begin_and_end_leaves_the_message_to_the_next_one(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    before = (await head(store)).message
    await store.messages.begin(Attempt(before, minute(1), minute(2)))
    after = (await head(store)).message
    assert (after.id, after.payload, after.next_attempt_at) == (before.id, before.payload, minute(2))


async def test_a_failure_that_lasts_is_the_health_of_the_webhook(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    found = [await attempt(store, minute(number), DOWN, minute(number)) for number in range(3)]
    assert found == [WebhookHealth("ops")] * 2 + [WebhookHealth("ops", DOWN.reason, DOWN.message)]
    states = await store.load_states()
    assert states["uid-1"].webhooks == {"ops": found[-1]}
    assert await attempt(store, minute(4), None, None) == WebhookHealth("ops")
    assert (await store.load_states())["uid-1"].webhooks == {"ops": WebhookHealth("ops")}


async def test_a_message_that_is_given_up_is_a_dead_letter_and_the_next_one_goes_on(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await end(store, 1, a="1")
    health = await attempt(store, minute(1), DOWN, None)
    assert (health.reason, health.dead_letters, health.is_disabled) == (Reason.CONNECT_ERROR, 1, False)
    assert (await head(store)).message.event is NotifyEvent.RUN_RECOVERED
    after = await attempt(store, minute(2), None, None)
    assert (after.reason, after.dead_letters) == (None, 1)


async def test_a_receiver_that_is_gone_gets_no_more_and_all_become_dead_letters(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await end(store, 1, a="1")
    health = await attempt(store, minute(1), GONE, None)
    assert (health.dead_letters, health.is_disabled) == (3, True)
    assert await store.messages.read_head(OPS) is None
    await end(store, 2, failed=True)
    assert (await head(store)).disabled_generation == 1


async def test_dead_letters_are_redelivered_in_their_order_with_their_ids(store: SQLRunStore, url: str) -> None:
    await end(store, 0, failed=True)
    await end(store, 1, a="1")
    await attempt(store, minute(1), GONE, None)
    before = [row["message_id"] for row in await messages(store)]
    assert await redeliver(settings_for(url), DeadLetters("default", "another"), minute(2)) == 0
    assert await redeliver(settings_for(url), DeadLetters("default", message_id=before[1]), minute(2)) == 1
    assert await redeliver(settings_for(url), DeadLetters("default", "quotes", "ops"), minute(3)) == 2
    assert await store.messages.find_due(minute(3)) == [OPS]
    found = await head(store)
    assert (found.disabled_generation, found.message.attempts, found.message.first_attempt_at) == (None, 0, None)
    delivered = []
    while (waiting := await store.messages.read_head(OPS)) is not None:
        delivered.append(waiting.message.id)
        await attempt(store, minute(4), None, None)
    assert delivered == before


async def test_a_redelivered_message_keeps_its_payload(store: SQLRunStore, url: str) -> None:
    await end(store, 0, a="1")
    await attempt(store, minute(1), GONE, None)
    await redeliver(settings_for(url), DeadLetters("default"), minute(2))
    await end(store, 3, a="2")
    assert [row["payload"]["data"]["runs"] for row in await messages(store)] == [1, 1]


async def test_waiting_messages_are_bounded(store: SQLRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "KEPT_DEAD", 3)
    monkeypatch.setattr(writing, "_OVERFLOW", writing.overflow(4))
    for number in range(12):
        await end_of(
            store, number, spec(events=(NotifyEvent.RUN_FAILED, NotifyEvent.RUN_RECOVERED)), failed=number % 2 < 1
        )
    rows = await messages(store)
    assert [row["status"] for row in rows] == ["FAILED"] * 8 + ["PENDING"] * 4
    assert {row["reason"] for row in rows[:8]} == {"BudgetExhausted"}
    await attempt(store, minute(20), DOWN, None)
    assert [row["status"] for row in await messages(store)] == ["FAILED"] * 3 + ["PENDING"] * 3


async def test_the_last_delivered_messages_are_kept_to_look_at(
    store: SQLRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "KEPT_DELIVERED", 2)
    for number in range(6):
        await end(store, number, failed=number % 2 < 1)
        await attempt(store, minute(number), None, None)
    assert [row["event"] for row in await messages(store)] == ["RunFailed", "RunRecovered"]


async def test_old_messages_go_with_the_history_but_not_those_that_wait(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await end(store, 1, a="1")
    await attempt(store, minute(1), DOWN, None)
    await store.prune("uid-1", successful=9, failed=9, older_than=minute(60))
    assert await events(store) == ["RunRecovered", "ItemsChanged"]
    await store.prune("uid-1", successful=9, failed=9, older_than=minute(60 * 49))
    assert await events(store) == []


@pytest.mark.parametrize("policy", list(DataPolicy))
async def test_messages_go_with_a_deleted_schedule(store: SQLRunStore, policy: DataPolicy) -> None:
    await end_of(store, 0, spec(data_policy=policy, history_max_age=timedelta(hours=2)), failed=True)
    await store.mark_deleted(["uid-1"], minute(1))
    assert await store.messages.find_due(minute(2)) == []
    await store.prune_deleted(minute(3))
    assert len(await messages(store)) == (0 if policy is DataPolicy.DELETE else 1)
    for _pass in range(3):
        await store.prune_deleted(minute(60 * 24 * 3))
    left = [await rows_of(store, table) for table in (schedules, webhooks, webhook_messages)]
    assert left == [[], [], []]


async def test_the_secrets_of_a_webhook_without_messages_are_a_part_of_its_health(store: SQLRunStore) -> None:
    await end(store, 0)
    missing = Failure(Reason.SECRET_NOT_FOUND, "Secret default/hook does not exist")
    assert (await store.messages.check(Check(OPS, missing))).reason is Reason.SECRET_NOT_FOUND
    assert (await store.load_states())["uid-1"].webhooks["ops"].message == missing.message
    assert await store.messages.check(Check(OPS, None)) == WebhookHealth("ops")


async def test_a_check_of_secrets_enables_no_webhook(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await attempt(store, minute(1), GONE, None)
    assert (await store.messages.check(Check(OPS, None))).is_disabled
    assert (await store.messages.check(Check(OPS, None))).reason is Reason.HTTP_STATUS


async def test_a_canceled_run_changes_nothing(store: SQLRunStore) -> None:
    claim = claim_of(0, spec=spec())
    await store.claim(claim)
    await store.finish(result_of(claim, status=RunStatus.CANCELED, reason=Reason.REPLACED))
    assert await messages(store) == []


async def test_hostile_items_make_a_message_that_can_be_stored_and_sent(store: SQLRunStore) -> None:
    await end(store, 0, a="\x00 \ud800 \u202e \u2028 😀")
    found = (await head(store)).message
    assert found.payload.encode()
    assert json.loads(found.payload)["data"]["changes"][0]["after"]["name"] == "a"


async def test_messages_of_a_schedule_that_is_back_are_delivered(store: SQLRunStore) -> None:
    await end(store, 0, failed=True)
    await store._database.write(
        lambda connection: connection.execute(update(schedules).values(deleted_at=minute(1))).rowcount
    )
    assert await store.messages.find_due(minute(2)) == []
    await end(store, 3, failed=True)
    assert await store.messages.find_due(minute(4)) == [OPS]
