"""Webhooks on a real API server: receivers that are down, slow, refuse, redirect and lie, and a process that is killed.

A receiver keeps what it accepted. Its changes, done to nothing, must give the items that the database has.
"""

import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.dev.controlplane.connection import Cluster
from tests.e2e.process import Operator, schedule, until
from tests.support.changing_shop import EXTRACT, HOOK, Shop, accepted, check_ids, check_order, replayed
from tests.support.receiver import SIGNING_SECRET, Answer, Receiver, Reply, endless, more_than, slow, status

pytestmark = pytest.mark.cluster

KILLS = int(os.environ.get("KILLS", "4"))
"""How often the process is killed; 50 in a full run."""


def watched(name: str, url: str, **spec: Any) -> dict[str, Any]:
    """Return a schedule with a webhook for all events, whose Secret is `hook`."""
    made = schedule(name, url, extract=EXTRACT, notify=[HOOK], **spec)
    made["spec"]["targets"][0]["retry"] = {"attempts": 1}
    return made


def create_secret(operator: Operator, receiver: Receiver) -> None:
    literals = (f"--from-literal=url={receiver.url}", f"--from-literal=secret={SIGNING_SECRET}")
    operator.kubectl("create", "secret", "generic", "hook", *literals)


def messages(operator: Operator) -> list[dict[str, Any]]:
    return operator.rows("SELECT * FROM webhook_messages ORDER BY id")


def stored(operator: Operator) -> dict[str, Any]:
    rows = operator.rows("SELECT key, data FROM items WHERE gone_at IS NULL")
    return {row["key"]: json.loads(row["data"]) for row in rows}


def stop_runs(operator: Operator, name: str) -> None:
    operator.kubectl("patch", "scs", name, "--type=merge", "-p", '{"spec": {"suspend": true}}')
    until("the last run", lambda: not operator.metric("scrape_operator_runs_active"))


def all_delivered(operator: Operator) -> bool:
    return {row["status"] for row in messages(operator)} == {"DELIVERED"}


def test_nothing_is_lost_and_order_is_kept_whatever_the_receiver_does(
    start_operator: Callable[..., Operator], changing_shop: Shop, receiver: Receiver
) -> None:
    operator = start_operator()
    create_secret(operator, receiver)
    refusing: list[Answer] = [status(500), status(302, Location=receiver.url), slow(16.0), status(429, Retry_After="1")]
    receiver.answers = [status(204), *refusing, endless, status(503)]
    accepts = dict.fromkeys((1, 2, 3, 4, 6), False)
    operator.apply(watched("goods", changing_shop.url, interval="1s"))
    until("the odd answers", lambda: len(receiver.requests) >= 8, within=90)
    stop_runs(operator, "goods")
    until("all messages", lambda: all_delivered(operator), within=60)
    kept = accepted(receiver.requests, accepts)
    check_ids(receiver.requests)
    check_order(kept)
    assert replayed(kept) == stored(operator)
    assert {request.path for request in receiver.requests} == {"/hooks/hidden-path-4711"}
    assert operator.condition("goods", "WebhooksHealthy")["status"] == "True"
    assert operator.metric("scrape_operator_webhook_attempts_total") >= 8


def test_a_receiver_that_is_down_gets_all_at_its_return_without_a_storm(
    start_operator: Callable[..., Operator], changing_shop: Shop, receiver: Receiver
) -> None:
    operator = start_operator()
    create_secret(operator, receiver)
    receiver.stop()
    changing_shop.fails = False
    for number in range(5):
        operator.apply(watched(f"goods{number}", f"{changing_shop.url}?{number}", interval="1s"))
    operator.await_status("goods0", "condition=WebhooksHealthy=False", seconds=60)
    assert operator.condition("goods0", "WebhooksHealthy")["reason"] == "ConnectError"
    receiver.answer = slow(0.05)
    receiver.start()
    for number in range(5):
        operator.kubectl("patch", "scs", f"goods{number}", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    until("all messages", lambda: all_delivered(operator), within=150)
    operator.await_status("goods0", "condition=WebhooksHealthy", seconds=60)
    check_ids(receiver.requests)
    assert receiver.most_at_once <= 4
    for number in range(5):
        of_one = [request for request in receiver.requests if request.payload["data"]["schedule"] == f"goods{number}"]
        check_order(accepted(of_one, {}))
        assert len(of_one) < 10  # many runs, few messages
        assert sum(request.payload["data"]["runs"] for request in of_one) >= len(of_one)


def test_a_missing_secret_a_receiver_that_is_gone_and_a_redelivery(
    start_operator: Callable[..., Operator], changing_shop: Shop, receiver: Receiver
) -> None:
    operator = start_operator()
    changing_shop.fails = False
    receiver.answer = status(410)
    operator.apply(watched("goods", changing_shop.url, interval="1s"))
    operator.await_status("goods", "condition=SecretsResolved=False")
    missing = operator.condition("goods", "SecretsResolved")
    assert missing["reason"] == "SecretNotFound"
    assert "webhook ops: Secret" in missing["message"]
    assert operator.condition("goods", "Ready")["status"] == "True"
    create_secret(operator, receiver)
    operator.await_status("goods", "condition=SecretsResolved", seconds=60)
    until("the 410", lambda: receiver.requests)
    stop_runs(operator, "goods")
    until("the condition", lambda: "410" in operator.condition("goods", "WebhooksHealthy").get("message", ""))
    until("dead letters", lambda: {row["status"] for row in messages(operator)} == {"FAILED"})
    asked = len(receiver.requests)
    assert asked <= 2  # the suspension is a new spec, for which the webhook is tried once
    namespace = ("-n", operator.namespace)
    listed = json.loads(operator.command("deliveries", "list", "goods", "--failed", "-o", "json", *namespace))
    assert {row["reason"] for row in listed} == {"HTTPStatus"}
    until("the metric", lambda: operator.metric("scrape_operator_webhook_dead_letters") == len(listed))
    receiver.answer = status(200)
    assert f"{len(listed)} messages wait" in operator.command("deliveries", "redeliver", "goods", *namespace)
    until("all messages", lambda: all_delivered(operator), within=30)
    kept = accepted(receiver.requests, dict.fromkeys(range(asked), False))
    assert [message.id for message in kept] == [row["message_id"] for row in reversed(listed)]
    assert replayed(kept) == stored(operator)
    until("the condition", lambda: operator.condition("goods", "WebhooksHealthy")["status"] == "True")
    shown = operator.log() + json.dumps(operator.get("goods")) + json.dumps(messages(operator))
    for secret in ("hidden-path-4711", SIGNING_SECRET, SIGNING_SECRET.removeprefix("whsec_")):
        assert secret not in shown


def test_nothing_is_lost_by_kills_at_any_moment(
    start_operator: Callable[..., Operator], control_plane: Cluster, changing_shop: Shop, receiver: Receiver
) -> None:
    """The receiver takes its time, so that many kills come between its receipt and the note of it."""

    def answer(reply: Reply) -> None:
        time.sleep(0.2)
        reply.status(200)

    receiver.answer = answer
    operator = start_operator(SCRAPE_OPERATOR_RUN_LEASE_SECONDS="3")
    create_secret(operator, receiver)
    operator.apply(watched("goods", changing_shop.url, interval="1s"))
    chance = random.Random(11)
    for _kill in range(KILLS):
        until("a message", more_than(len(receiver.requests), receiver), within=40)
        time.sleep(chance.uniform(0, 1.5))
        operator.kill()
        operator.start()
    stop_runs(operator, "goods")
    until("all messages", lambda: all_delivered(operator), within=40)
    kept = accepted(receiver.requests, {})
    check_ids(receiver.requests)
    check_order(kept)
    assert replayed(kept) == stored(operator)
    assert {row["message_id"] for row in messages(operator)} <= {message.id for message in kept}
