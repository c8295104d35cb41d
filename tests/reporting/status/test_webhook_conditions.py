"""SecretsResolved and WebhooksHealthy of schedules with webhooks, and the Events about them."""

from typing import Any

import pytest

from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.notifications.webhooks import NotifyEvent, Webhook, WebhookHealth
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.events import transitions
from scrape_operator.reporting.status.build import STATUS_MAX_BYTES, build_status, json_bytes
from scrape_operator.reporting.status.written import Written
from tests.support import builders as make

KEY = SecretKey("hook", "url")
PLAN = make.plan(
    stored_spec=StoredSpec(webhooks=tuple(Webhook(name, tuple(NotifyEvent), KEY, KEY) for name in ("ops", "pager")))
)
DOWN = WebhookHealth("ops", Reason.CONNECT_ERROR, "the receiver refused the connection")
MISSING = WebhookHealth("pager", Reason.SECRET_NOT_FOUND, "Secret default/hook does not exist: create it")
DEAD = WebhookHealth("ops", Reason.TIMEOUT, "the receiver did not answer", dead_letters=3)
OLD_DEAD = WebhookHealth("ops", dead_letters=3)


def state(*healths: WebhookHealth) -> ScheduleState:
    made = make.state(make.fine())
    for health in healths:
        made.record_webhook(health)
    return made


def shown(made: ScheduleState, plan: Any = PLAN) -> dict[str, tuple[str, str, str]]:
    conditions = build_status(plan, made, now=make.NOW, owner="me")["conditions"]
    assert isinstance(conditions, list)
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in conditions}


def test_they_are_absent_without_webhooks() -> None:
    assert not {"SecretsResolved", "WebhooksHealthy"} & shown(make.state(make.fine()), make.plan()).keys()


@pytest.mark.parametrize(
    ("healths", "secrets", "webhooks"),
    [
        ([], ("True", "Succeeded"), ("True", "Succeeded")),
        ([WebhookHealth("ops")], ("True", "Succeeded"), ("True", "Succeeded")),
        ([DOWN], ("True", "Succeeded"), ("False", "ConnectError")),
        ([DOWN, MISSING], ("False", "SecretNotFound"), ("False", "ConnectError")),
        ([OLD_DEAD], ("True", "Succeeded"), ("True", "Succeeded")),
        ([WebhookHealth("removed", Reason.TIMEOUT, "x")], ("True", "Succeeded"), ("True", "Succeeded")),
    ],
)
def test_they_say_what_is_known_of_the_webhooks_of_the_spec(
    healths: list[WebhookHealth], secrets: tuple[str, str], webhooks: tuple[str, str]
) -> None:
    found = shown(state(*healths))
    assert (found["SecretsResolved"][:2], found["WebhooksHealthy"][:2]) == (secrets, webhooks)
    assert found["Ready"][0] == "True"
    assert "Stalled" not in found


def test_messages_name_the_webhook_and_its_dead_letters() -> None:
    assert shown(state(MISSING))["SecretsResolved"][2] == f"webhook pager: {MISSING.message}"
    assert shown(state(DEAD))["WebhooksHealthy"][2] == (
        "webhook ops: the receiver did not answer; 3 dead letters, see scrape-operator deliveries"
    )
    assert "webhook ops has 3 dead letters" in shown(state(OLD_DEAD))["WebhooksHealthy"][2]


def test_secrets_are_unknown_before_the_first_run() -> None:
    assert shown(make.state())["SecretsResolved"][:2] == ("Unknown", "Progressing")


def test_a_status_with_long_messages_of_webhooks_is_small_enough() -> None:
    long = WebhookHealth("ops", Reason.CONNECT_ERROR, "<&>" * 400, dead_letters=10**6)
    assert json_bytes(build_status(PLAN, state(long), now=make.NOW, owner="o" * 300)) <= STATUS_MAX_BYTES


def events(before: ScheduleState, after: ScheduleState, *, is_warned: bool) -> list[tuple[str, str]]:
    known = Written.of(build_status(PLAN, before, now=make.NOW, owner="me")).conditions
    now = build_status(PLAN, after, now=make.NOW, owner="me")["conditions"]
    assert isinstance(now, list)
    return [(one.type_, one.reason) for one in transitions(known, now, is_warned=is_warned)]


def test_a_webhook_that_fails_is_a_warning_and_one_that_is_back_is_not() -> None:
    assert events(state(), state(DOWN), is_warned=False) == [("Warning", "ConnectError")]
    assert events(state(DOWN), state(DOWN), is_warned=True) == []
    assert events(state(DOWN), state(WebhookHealth("ops")), is_warned=True) == [("Normal", "Succeeded")]
