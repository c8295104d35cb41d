"""The types and reasons of conditions, and one condition as it was evaluated."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


class ConditionType(StrEnum):
    """The types of conditions, in the order in which the status lists them."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SCHEDULED = "Scheduled"
    LAST_RUN_SUCCEEDED = "LastRunSucceeded"
    TARGETS_HEALTHY = "TargetsHealthy"
    DATA_HEALTHY = "DataHealthy"
    SECRETS_RESOLVED = "SecretsResolved"
    WEBHOOKS_HEALTHY = "WebhooksHealthy"


class ConditionReason(StrEnum):
    """The reasons that no run can have; the others are in `core.runs.reasons` and `core.schedule.pauses`."""

    SCHEDULED = "Scheduled"
    OUTSIDE_WINDOW = "OutsideWindow"
    ENDED = "Ended"
    PROGRESSING = "Progressing"


MessageFactory = Callable[[], str]
"""Builds a message. Most evaluations are only compared with the status that was written, and need no message."""


class Condition(NamedTuple):
    """One evaluated condition. `message_factory` reads the state, so it is called before the state changes."""

    type: ConditionType
    status: str
    reason: str
    message_factory: MessageFactory

    @property
    def message(self) -> str:
        """Return the message without a bound on its length: who shows it clips it."""
        return self.message_factory()
