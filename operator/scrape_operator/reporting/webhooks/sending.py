"""Sends one message: reads the Secrets of its webhook, signs it, posts it, and says what the answer means."""

from dataclasses import dataclass, replace

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Purpose, Request
from scrape_operator.core.net.policy import DEFAULT_POLICY, FetchPolicy
from scrape_operator.core.net.urls import authority_of, check_http_url, parse_http_url
from scrape_operator.core.notifications.delivery import Failure, Message
from scrape_operator.core.notifications.signing import signed_headers, signing_keys
from scrape_operator.core.notifications.webhooks import Webhook
from scrape_operator.core.ports import Clock, SecretReader
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.core.runs.run import clip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.tracing import NO_TRACER, Tracer
from scrape_operator.fetching.auth.secrets import SecretValues, read_secrets
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.planning.plans import RunPlan

TIMEOUT_SECONDS = 15.0
"""For one attempt, from the connection to the status of the answer. Standard Webhooks recommends 15 to 30 s."""

TURN_SECONDS = 30.0
"""For one attempt and the wait for a turn at its host."""

ONCE = RetryPolicy(attempts=1)
RECEIVER = "the receiver"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a webhook's messages go, and the keys that sign them, as its Secrets say now."""

    url: str
    keys: tuple[bytes, ...]
    secrets: SecretValues

    @property
    def authority(self) -> str:
        """The host and port, which are as secret as the rest of the URL."""
        return authority_of(parse_http_url(self.url))


class Sender:
    """Sends messages through the connections, budgets and address guard of all requests."""

    def __init__(
        self, fetcher: HttpFetcher, secrets: SecretReader | None, clock: Clock, tracer: Tracer = NO_TRACER
    ) -> None:
        self._fetcher = fetcher
        self._secrets = secrets
        self._clock = clock
        self._tracer = tracer

    async def resolve(self, plan: SchedulePlan, webhook: Webhook) -> Endpoint | Failure:
        """Read the Secrets of a webhook. Return why not where one is missing, or holds no URL or key."""
        try:
            secrets = await read_secrets(self._secrets, plan.key.namespace, webhook)
            url = secrets.text(webhook.url.secret, webhook.url.key)
            key = secrets.text(webhook.signing_key.secret, webhook.signing_key.key)
        except ScrapeFailed as failure:
            return Failure(failure.reason, clip(failure.message))
        for reference, check, text in ((webhook.url, check_http_url, url), (webhook.signing_key, signing_keys, key)):
            try:
                check(text)
            except InvalidValue as error:
                message = f"key {reference.key} of Secret {plan.key.namespace}/{reference.secret}: {error}"
                return Failure(Reason.SECRET_NOT_FOUND, clip(message))
        return Endpoint(url, tuple(signing_keys(key)), secrets)

    async def send(self, plan: SchedulePlan, webhook: Webhook, message: Message) -> Failure | None:
        """Make one attempt. Return why it failed, or None if the receiver has the message: it answered 2xx."""
        endpoint = await self.resolve(plan, webhook)
        if isinstance(endpoint, Failure):
            return endpoint
        deadline = Deadline.after(TURN_SECONDS, self._clock.monotonic)
        requester = Requester(f"{plan.key.uid}/{webhook.name}", deadline, namespace=plan.key.namespace)
        session = self._fetcher.open_session(requester, ONCE, policy=_policy(plan))
        try:
            with self._tracer.delivery(plan.key, webhook.name, message.event):
                await session.fetch(self._request(endpoint, message))
        except ScrapeFailed as failure:
            return _failure(failure, endpoint)
        return None

    def _request(self, endpoint: Endpoint, message: Message) -> Request:
        payload = message.payload.encode()
        signed = signed_headers(message.id, self._clock.now(), payload, endpoint.keys)
        return Request(
            url=endpoint.url,
            method="POST",
            headers=[("Content-Type", "application/json"), *signed],
            timeout=TIMEOUT_SECONDS,
            max_redirects=0,
            body=payload,
            ignores_body=True,
            purpose=Purpose.WEBHOOK,
        )


def _policy(plan: SchedulePlan) -> FetchPolicy:
    """Return the policy of the schedule: its hosts and networks count, its day budget does not."""
    policy = plan.work.policy if isinstance(plan.work, RunPlan) else DEFAULT_POLICY
    return replace(policy, obey_robots=False, day_limits=())


def _failure(failure: ScrapeFailed, endpoint: Endpoint) -> Failure:
    """Return a failure whose message names neither the host nor another part of the secret URL."""
    if failure.reason is Reason.REDIRECT_ERROR:
        message = f"{RECEIVER} answered with a redirect, which is not followed: write the final URL into the Secret"
        return Failure(failure.reason, message, failure.http_status)
    plain = endpoint.secrets.mask.message(failure.message).replace(endpoint.authority, RECEIVER)
    return Failure(failure.reason, clip(plain), failure.http_status, failure.retry_after)
