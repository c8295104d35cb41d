"""The webhooks of a schedule, and what is known about each."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.runs.reasons import Reason


class NotifyEvent(StrEnum):
    """An event that a webhook can be called for, in the order in which one run can have them."""

    RUN_FAILED = "RunFailed"
    RUN_RECOVERED = "RunRecovered"
    DATA_UNHEALTHY = "DataUnhealthy"
    DATA_RECOVERED = "DataRecovered"
    ITEMS_CHANGED = "ItemsChanged"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of a schedule. `url` and `signing_key` are read from Secrets when a message is delivered."""

    name: str
    events: tuple[NotifyEvent, ...]
    url: SecretKey
    signing_key: SecretKey

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield the keys that are read."""
        yield self.url
        yield self.signing_key


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """Whether the messages of a webhook arrive.

    `reason` and `message` say why the last attempts failed; None where the last one succeeded, or none was made.
    `dead_letters` counts the messages that were given up. `is_disabled` means that its receiver answered 410 Gone.
    """

    name: str
    reason: Reason | None = None
    message: str = ""
    dead_letters: int = 0
    is_disabled: bool = False
