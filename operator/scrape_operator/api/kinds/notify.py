"""Webhooks that are called after runs: `notify` of a schedule."""

from typing import Annotated

from pydantic import Field as Bounds

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListSet
from scrape_operator.api.kinds.references import SecretKeyReference
from scrape_operator.api.kinds.values import Label
from scrape_operator.core.notifications.webhooks import NotifyEvent


class Notify(ApiModel):
    """A webhook that receives messages about runs, signed by the specification of Standard Webhooks."""

    name: Label
    """The name of the webhook, such as ops, unique in the schedule."""

    url_secret_ref: SecretKeyReference
    """The key of a Secret that holds the URL of the webhook, such as https://hooks.example/scrapes."""

    events: Annotated[tuple[NotifyEvent, ...], Bounds(min_length=1, max_length=5), ListSet()]
    """The events that the webhook is called for. RunFailed: a run failed, and the one before had not. RunRecovered: a
    run was good after one that failed. DataUnhealthy: an expectation was broken. DataRecovered: all are met again.
    ItemsChanged: items are new, changed, gone or back."""

    signing_secret_ref: SecretKeyReference
    """The key of a Secret that holds the key with which messages are signed, so that the receiver can verify them.
    Write whsec_ and 24 to 64 random bytes as base64."""
