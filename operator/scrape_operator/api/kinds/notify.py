"""Webhooks that are called after runs: `notify` of a schedule."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field as Bounds

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListSet
from scrape_operator.api.kinds.references import SecretKeyReference
from scrape_operator.api.kinds.values import Label


class NotifyEvent(StrEnum):
    """An event that a webhook can be called for."""

    RUN_FAILED = "RunFailed"
    DATA_UNHEALTHY = "DataUnhealthy"
    ITEMS_CHANGED = "ItemsChanged"


class Notify(ApiModel):
    """A webhook that is called after runs."""

    name: Label
    """The name of the webhook, such as ops, unique in the schedule."""

    url_secret_ref: SecretKeyReference
    """The key of a Secret that holds the URL of the webhook."""

    events: Annotated[tuple[NotifyEvent, ...], Bounds(min_length=1, max_length=3), ListSet()]
    """The events that the webhook is called for: RunFailed, DataUnhealthy, ItemsChanged."""

    signing_secret_ref: SecretKeyReference
    """The key of a Secret that holds the key with which calls are signed, so that the receiver can verify them."""
