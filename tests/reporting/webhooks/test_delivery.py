"""Messages arrive over real sockets: signed, once per event, in order, and whatever a receiver does."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest

from scrape_operator.core.notifications.delivery import Head, Place
from scrape_operator.core.notifications.webhooks import NotifyEvent, WebhookHealth
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.reporting.webhooks import sending
from scrape_operator.storage.messages.redelivery import DeadLetters, redeliver
from scrape_operator.storage.messages.tables import webhook_messages
from tests.reporting.webhooks.conftest import World, webhook
from tests.storage.values import rows_of
from tests.support.receiver import KEY, SIGNING_SECRET, Receiver, endless, slow, status
from tests.support.waiting import eventually

HIDDEN = ("hidden-path-4711", SIGNING_SECRET, SIGNING_SECRET.removeprefix("whsec_"))


async def test_a_failed_run_is_one_signed_message(world: World, receiver: Receiver) -> None:
    await world.fail()
    await eventually(lambda: receiver.requests)
    message = receiver.requests[0]
    assert message.is_signed_with(KEY)
    assert not message.is_signed_with(KEY + b"x")
    assert abs(int(message.headers["webhook-timestamp"]) - world.clock.now().timestamp()) < 5
    assert message.headers["content-type"] == "application/json"
    assert message.headers["user-agent"].startswith("scrape-operator")
    assert message.path == "/hooks/hidden-path-4711"
    assert message.payload["type"] == "RunFailed"
    assert message.payload["data"]["run"] | {"reason": "Timeout", "status": "FAILED"} == message.payload["data"]["run"]
    await eventually(lambda: world.results == [("RunFailed", "delivered")])
    await world.fail()
    await world.succeed(a="1")
    await eventually(lambda: len(receiver.requests) == 3)
    assert receiver.types == ["RunFailed", "RunRecovered", "ItemsChanged"]
    assert len({request.id for request in receiver.requests}) == 3


@pytest.mark.parametrize("answer", [status(500), status(404), status(429), status(302, Location="/elsewhere")])
async def test_a_message_that_is_refused_is_sent_again_as_it_was_and_holds_back_the_next(
    world: World, receiver: Receiver, answer
) -> None:
    receiver.answers = [answer, answer, answer]
    await world.fail()
    await world.succeed(a="1")
    await eventually(lambda: len(receiver.requests) == 6)
    assert receiver.types == ["RunFailed"] * 4 + ["RunRecovered", "ItemsChanged"]
    first, *again = receiver.requests[:4]
    assert {(request.id, request.body) for request in again} == {(first.id, first.body)}
    assert {request.path for request in receiver.requests} == {"/hooks/hidden-path-4711"}
    assert all(request.is_signed_with(KEY) for request in receiver.requests)
    await eventually(lambda: world.health[("uid-1", "ops")] == WebhookHealth("ops"))


async def test_a_receiver_that_is_down_gets_all_when_it_is_back(world: World, receiver: Receiver) -> None:
    receiver.stop()
    await world.fail()
    await eventually(lambda: len(world.results) >= 3)
    for number in range(5):
        await world.succeed(a=str(number))
    receiver.start()
    await eventually(lambda: len(receiver.requests) == 3)
    failed, recovered, changed = receiver.requests
    assert receiver.types == ["RunFailed", "RunRecovered", "ItemsChanged"]
    assert changed.payload["data"]["runs"] == 5
    assert changed.payload["data"]["changes"][0]["after"] == {"name": "a", "text": "4"}
    assert failed.payload["timestamp"] < recovered.payload["timestamp"]


async def test_nothing_is_lost_and_ids_stay_over_restarts(world: World, receiver: Receiver) -> None:
    receiver.answer = status(500)
    await world.fail()
    await world.succeed(a="1")
    await eventually(lambda: len(receiver.requests) >= 2)
    for _restart in range(3):
        await world.restart()
        receiver.requests.clear()
        await eventually(lambda: receiver.requests)
    receiver.answer = status(204)
    await eventually(lambda: "ItemsChanged" in receiver.types)
    ids = {row["event"]: row["message_id"] for row in await rows_of(world.store, webhook_messages)}
    assert {(request.type, request.id) for request in receiver.requests} == set(ids.items())
    order = [event.value for event in NotifyEvent]
    assert sorted(receiver.types, key=order.index) == receiver.types


async def test_gone_is_final_and_the_rest_becomes_dead_letters_until_they_are_redelivered(
    world: World, receiver: Receiver
) -> None:
    receiver.answer = status(410)
    await world.fail()
    await eventually(lambda: world.health.get(("uid-1", "ops")))
    health = world.health["uid-1", "ops"]
    assert (health.reason, health.dead_letters, health.is_disabled) == (Reason.HTTP_STATUS, 1, True)
    assert "410" in health.message
    await world.succeed(a="1")
    await eventually(lambda: world.health["uid-1", "ops"].dead_letters == 3)
    assert len(receiver.requests) == 1
    receiver.answer = status(200)
    assert await redeliver(world.settings, DeadLetters("default"), world.clock.now()) == 3
    await world.succeed(a="1")
    await eventually(lambda: len(receiver.requests) == 4)
    assert receiver.types == ["RunFailed", "RunFailed", "RunRecovered", "ItemsChanged"]
    assert receiver.requests[0].id == receiver.requests[1].id
    await eventually(lambda: world.health["uid-1", "ops"] == WebhookHealth("ops"))


async def test_a_disabled_webhook_is_tried_again_by_a_new_spec(world: World, receiver: Receiver) -> None:
    receiver.answers = [status(410)]
    await world.fail()
    await eventually(lambda: world.health.get(("uid-1", "ops")))
    world.add(webhook(), generation=2)
    await world.succeed(a="1")
    await eventually(lambda: receiver.types == ["RunFailed", "RunRecovered", "ItemsChanged"])


async def test_a_message_is_given_up_after_a_day(world: World, receiver: Receiver) -> None:
    receiver.stop()
    await world.fail()
    await eventually(lambda: ("RunFailed", "retried") in world.results)
    world.clock.offset += timedelta(days=1, minutes=1)
    await eventually(lambda: ("RunFailed", "failed") in world.results)
    assert world.health["uid-1", "ops"].dead_letters == 1
    receiver.start()
    await world.succeed(a="1")
    await eventually(lambda: len(receiver.requests) == 2)
    assert receiver.types == ["RunRecovered", "ItemsChanged"]


async def test_an_endless_answer_with_200_is_a_receipt_and_costs_nothing(world: World, receiver: Receiver) -> None:
    receiver.answer = endless
    await world.fail()
    await eventually(lambda: world.results == [("RunFailed", "delivered")], within=5)
    await eventually(lambda: receiver.at_once == 0)  # it was hung up on
    assert len(receiver.requests) == 1


async def test_a_slow_receiver_is_given_up_for_now_and_tried_again(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.3)
    receiver.answers = [slow(1.0)]
    await world.fail()
    await eventually(lambda: world.results == [("RunFailed", "retried"), ("RunFailed", "delivered")])
    assert receiver.requests[0].id == receiver.requests[1].id


async def test_a_slow_receiver_holds_back_no_other(world: World, receiver: Receiver) -> None:
    other = Receiver().start()
    world.secrets.secrets["other"] = {"url": other.url, "secret": SIGNING_SECRET}
    world.add(webhook(), webhook("pager", secret="other"))
    receiver.answer = slow(2.0)
    await world.fail()
    await eventually(lambda: other.requests, within=1.5)
    other.stop()


async def test_many_webhooks_of_one_receiver_do_not_storm_it_when_it_is_back(world: World, receiver: Receiver) -> None:
    receiver.stop()
    for number in range(8):
        world.add(webhook(), uid=f"uid-{number}")
        await world.fail(uid=f"uid-{number}")
    await eventually(lambda: len(world.results) >= 8, within=20)
    receiver.answer = slow(0.05)
    receiver.start()
    await eventually(lambda: len({request.id for request in receiver.requests}) == 8, within=40)
    assert receiver.most_at_once <= 4
    begins = [request.at for request in receiver.requests]
    assert begins[-1] - begins[0] > 1.0  # it is asked slowly at first


async def test_what_waited_for_the_process_goes_out_within_the_budget_of_the_host(
    world: World, receiver: Receiver
) -> None:
    await world.stop()
    world.receiver.answer = slow(0.05)
    await world.start(is_delivering=False)
    for number in range(30):
        world.add(webhook(), uid=f"uid-{number}")
    await asyncio.gather(*(world.fail(uid=f"uid-{number}") for number in range(30)))
    await world.restart()
    await eventually(lambda: len(receiver.requests) == 30)
    assert 2 <= receiver.most_at_once <= 4


async def test_a_missing_secret_is_seen_before_the_first_message_and_heals(world: World, receiver: Receiver) -> None:
    hook = world.secrets.secrets.pop("hook")
    await world.succeed()
    await eventually(lambda: world.health.get(("uid-1", "ops")))
    health = world.health["uid-1", "ops"]
    assert (health.reason, health.message) == (
        Reason.SECRET_NOT_FOUND,
        "Secret default/hook does not exist: create it",
    )
    await world.fail()
    await asyncio.sleep(0)
    world.secrets.secrets["hook"] = hook
    await eventually(lambda: receiver.types == ["RunFailed"])
    await eventually(lambda: world.health["uid-1", "ops"] == WebhookHealth("ops"))


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ({"url": "http://127.0.0.1:1/hidden-path-4711"}, "Secret default/hook has no key secret"),
        ({"url": "ftp://h/hidden-path-4711", "secret": "x"}, "key url of Secret default/hook: the URL does not begin"),
        (
            {"url": "http://a b/hidden-path-4711", "secret": "x"},
            "key url of Secret default/hook: the URL holds",
        ),
        ({"url": "", "secret": "x"}, "key url of Secret default/hook: the URL"),
        ({"url": "http://127.0.0.1:1/", "secret": "whsec_hidden-path-4711"}, "key secret of Secret default/hook"),
    ],
)
async def test_a_wrong_secret_is_named_and_never_repeated(world: World, secret: dict[str, str], message: str) -> None:
    world.secrets.secrets["hook"] = secret
    await world.fail()
    await eventually(lambda: world.health.get(("uid-1", "ops")))
    health = world.health["uid-1", "ops"]
    assert health.reason is Reason.SECRET_NOT_FOUND
    assert message in health.message
    assert "hidden-path-4711" not in health.message


async def test_secret_values_are_nowhere_but_in_the_request(
    world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "scrape_operator")
    receiver.answers = [status(500), status(302, Location=receiver.url)]
    receiver.answer = status(410)
    await world.fail()
    await eventually(lambda: ("RunFailed", "failed") in world.results)
    rows = json.dumps(await rows_of(world.store, webhook_messages), default=str)
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    shown = world.health["uid-1", "ops"].message
    for text in (rows, logged, shown):
        for secret in HIDDEN:
            assert secret not in text
    assert f"127.0.0.1:{receiver.port}" not in rows + shown
    assert "message not delivered" in logged


async def test_the_address_guard_holds_for_webhooks(world: World) -> None:
    url = "http://169.254.169.254/latest/hidden-path-4711"
    world.secrets.secrets["hook"]["url"] = url
    await world.fail()
    await eventually(lambda: len(world.results) >= 3)
    (row,) = await rows_of(world.store, webhook_messages)
    assert (row["status"], row["reason"]) == ("PENDING", "BlockedAddress")
    assert "169.254" not in row["error"]


async def test_a_webhook_that_was_removed_gets_nothing_more(world: World, receiver: Receiver) -> None:
    receiver.stop()
    await world.fail()
    await eventually(lambda: len(world.results) >= 1)
    world.add(webhook("another", events=(NotifyEvent.RUN_FAILED,)))
    await eventually(lambda: ("RunFailed", "failed") in world.results)
    (row,) = await rows_of(world.store, webhook_messages)
    assert (row["status"], row["reason"]) == ("FAILED", "Canceled")
    assert "spec.notify" in row["error"]


async def test_calm_runs_ask_the_database_once(world: World, receiver: Receiver) -> None:
    await world.succeed()
    await eventually(lambda: world.notifier.waiting == 0)
    reads: list[object] = []
    read_head = world.store.messages.read_head

    async def counted(place: Place) -> Head | None:
        reads.append(place)
        return await read_head(place)

    world.store.messages.__dict__["read_head"] = counted
    for _run in range(3):
        await world.succeed()
    await eventually(lambda: world.notifier.waiting == 0)
    assert reads == []
    await world.fail()
    await world.succeed()
    await eventually(lambda: receiver.types == ["RunFailed", "RunRecovered"])
