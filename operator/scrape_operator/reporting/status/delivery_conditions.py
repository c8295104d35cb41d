"""Evaluates SecretsResolved and WebhooksHealthy, the conditions that webhooks take part in. Pure."""

from collections.abc import Sequence
from functools import partial

from scrape_operator.core.notifications.webhooks import WebhookHealth
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import TargetHealth
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.status.condition_types import (
    FALSE,
    TRUE,
    UNKNOWN,
    Condition,
    ConditionReason,
    ConditionType,
)


def secrets(plan: SchedulePlan, state: ScheduleState, targets: Sequence[TargetHealth]) -> Condition | None:
    """Return SecretsResolved; None where neither a target nor a webhook refers to a Secret."""
    kind, reason = ConditionType.SECRETS_RESOLVED, Reason.SECRET_NOT_FOUND
    if not plan.has_secrets and not plan.webhooks:
        return None
    for target in targets:
        if target.reason is reason:
            return Condition(kind, FALSE, reason, partial(target_message, target))
    for webhook in known_webhooks(plan, state):
        if webhook.reason is reason:
            return Condition(kind, FALSE, reason, partial(_webhook_message, webhook))
    if targets:
        return Condition(kind, TRUE, Reason.SUCCEEDED, lambda: "every Secret that the spec refers to was read")
    return Condition(kind, UNKNOWN, ConditionReason.PROGRESSING, lambda: "no Secret has been read yet")


def webhooks(plan: SchedulePlan, state: ScheduleState) -> Condition | None:
    """Return WebhooksHealthy; None where the spec has no webhook. Old dead letters are named, but are no fault."""
    kind, known = ConditionType.WEBHOOKS_HEALTHY, known_webhooks(plan, state)
    if not plan.webhooks:
        return None
    failing = next((webhook for webhook in known if webhook.reason is not None), None)
    if failing is not None:
        return Condition(kind, FALSE, failing.reason or Reason.INTERNAL_ERROR, partial(_webhook_message, failing))
    return Condition(kind, TRUE, Reason.SUCCEEDED, partial(_dead_letters_message, known))


def known_webhooks(plan: SchedulePlan, state: ScheduleState) -> Sequence[WebhookHealth]:
    """Return the webhooks that the spec still has and whose state is known, in the order of the spec."""
    return [state.webhooks[webhook.name] for webhook in plan.webhooks if webhook.name in state.webhooks]


def target_message(target: TargetHealth) -> str:
    """Return the message of a target with its name."""
    return f"target {target.name}: {target.message}"


def _webhook_message(webhook: WebhookHealth) -> str:
    return f"webhook {webhook.name}: {webhook.message}{_dead_letters(webhook)}"


def _dead_letters_message(known: Sequence[WebhookHealth]) -> str:
    dead = "".join(
        f"; webhook {webhook.name} has {webhook.dead_letters} dead letters, see scrape-operator deliveries"
        for webhook in known
        if webhook.dead_letters
    )
    return f"no message to a webhook fails{dead}"


def _dead_letters(webhook: WebhookHealth) -> str:
    if not webhook.dead_letters:
        return ""
    return f"; {webhook.dead_letters} dead letters, see scrape-operator deliveries"
