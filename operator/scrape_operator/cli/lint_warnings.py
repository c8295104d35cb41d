"""Finds for `lint` what runs would refuse, as far as the files show it, and credentials in clear text.

The cluster may have more policies, Secrets and networks than the files: so these are warnings.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_POLICY, SCRAPE_SCHEDULE, kind_of
from scrape_operator.cli.clear_credentials import clear_credentials
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.findings import Finding
from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.net.addresses import BlockedAddress, Network, check_address
from scrape_operator.core.net.host_budgets import without_port
from scrape_operator.core.net.policy import FetchPolicy
from scrape_operator.core.net.secret_data import secret_data
from scrape_operator.core.net.urls import authority_of, parse_http_url, split_user_info
from scrape_operator.core.notifications.signing import signing_keys
from scrape_operator.core.notifications.webhooks import Webhook
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.local.objects import with_metadata
from scrape_operator.local.secrets import SecretObjects, secrets_of
from scrape_operator.planning.ceilings import known_hosts
from scrape_operator.planning.plans import HTTPTargetPlan, RunPlan
from scrape_operator.planning.policies import Policies, policies_of
from scrape_operator.planning.schedule import DEFAULT_INTERVAL, compile_schedule

Warnings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Neighbors:
    """What else the files hold. `policy_places` has namespace and name of every ScrapePolicy, accepted or not.

    `default_interval` is the interval of schedules that name none.
    """

    policies: Policies
    policy_places: frozenset[tuple[str, str]]
    secrets: SecretObjects
    default_interval: timedelta


def neighbors_of(
    objects: Sequence[Mapping[str, Any]],
    secrets: Sequence[Mapping[str, Any]],
    networks: Iterable[Network] = (),
    default_interval: timedelta = DEFAULT_INTERVAL,
) -> Neighbors:
    """Return the policies and Secrets of files, for the schedules beside them.

    Args:
        objects: The objects of this product in the files.
        secrets: The Secrets of the files.
        networks: The networks that the operator's settings allow.
        default_interval: The interval of schedules that name none.

    """
    policies = (with_metadata(obj)["metadata"] for obj in objects if kind_of(obj) is SCRAPE_POLICY)
    places = frozenset((str(metadata["namespace"]), str(metadata["name"])) for metadata in policies)
    return Neighbors(policies_of(objects, networks), places, secrets_of(secrets), default_interval)


def warnings_of(obj: Mapping[str, Any], neighbors: Neighbors) -> Warnings:
    """Yield the warnings about an object without findings: above all what runs would refuse without other objects."""
    if kind_of(obj) is not SCRAPE_SCHEDULE:
        return
    plan = compile_schedule(with_metadata(obj), neighbors.default_interval, neighbors.policies)
    namespace, work = plan.key.namespace, plan.work
    yield from clear_credentials(obj)
    yield from _missing_policy(obj, namespace, neighbors)
    if not isinstance(work, RunPlan):
        return
    allowed = work.policy.networks
    networks = tuple(neighbors.policies.networks if allowed is None else allowed)
    for host in known_hosts(work):
        yield from _blocked(host.path, host.authority, networks)
    check = _SecretCheck(namespace, neighbors.secrets, work.policy, networks)
    for index, target in enumerate(work.targets):
        if isinstance(target, HTTPTargetPlan):
            yield from check.target(f"spec.targets[{index}].http", target)
    for index, webhook in enumerate(plan.stored_spec.webhooks):
        yield from check.webhook(f"spec.notify[{index}]", webhook)


def unchecked_secrets(obj: Mapping[str, Any], neighbors: Neighbors) -> Sequence[str]:
    """Return the Secrets that an object without findings refers to and none of the files has, each once."""
    if kind_of(obj) is not SCRAPE_SCHEDULE:
        return ()
    plan = compile_schedule(with_metadata(obj), neighbors.default_interval, neighbors.policies)
    if not isinstance(plan.work, RunPlan):
        return ()
    requests = (target.request for target in plan.work.targets if isinstance(target, HTTPTargetPlan))
    keys = [key for request in requests for key in request.access.secret_keys()]
    keys += [key for webhook in plan.stored_spec.webhooks for key in webhook.secret_keys()]
    places = dict.fromkeys((plan.key.namespace, key.secret) for key in keys)
    return [f"{namespace}/{name}" for namespace, name in places if (namespace, name) not in neighbors.secrets]


def _missing_policy(obj: Mapping[str, Any], namespace: str, neighbors: Neighbors) -> Warnings:
    """Look for the policy of policyRef. Files without any ScrapePolicy leave policies to an administrator."""
    name = (obj["spec"].get("policyRef") or {}).get("name")
    if name is not None and neighbors.policy_places and (namespace, name) not in neighbors.policy_places:
        message = f"ScrapePolicy {namespace}/{name} is in none of the files: add it, unless the cluster has it"
        yield Finding("spec.policyRef.name", message, Reason.POLICY_NOT_FOUND)


def _blocked(path: str, authority: str, networks: Sequence[Network], name: str = "") -> Warnings:
    """Check a host that is written as an address. `name` stands for an address that must not be shown."""
    host = without_port(authority).strip("[]")
    try:
        ip_address(host)
    except ValueError:
        return
    try:
        check_address(host, networks)
    except BlockedAddress as error:
        yield Finding(path, str(error).replace(f"address {host}", name or f"address {host}"), Reason.BLOCKED_ADDRESS)


@dataclass(frozen=True, slots=True)
class _SecretCheck:
    """Checks references to Secrets that are among the files. No message repeats a value."""

    namespace: str
    secrets: SecretObjects
    policy: FetchPolicy
    networks: Sequence[Network]

    def target(self, path: str, target: HTTPTargetPlan) -> Warnings:
        access = target.request.access
        for key in access.secret_keys():
            yield from self._missing(path, key)
        if access.proxy_secret is not None:
            yield from self._proxy(f"{path}.proxySecretRef", SecretKey(access.proxy_secret, "url"))

    def webhook(self, path: str, webhook: Webhook) -> Warnings:
        for key in webhook.secret_keys():
            yield from self._missing(path, key)
        yield from self._webhook_url(f"{path}.urlSecretRef", webhook.url)
        try:
            signing_keys(self._text(webhook.signing_key) or "any")
        except InvalidValue as error:
            yield self._warning(f"{path}.signingSecretRef", webhook.signing_key, str(error))

    def _missing(self, path: str, key: SecretKey) -> Warnings:
        obj = self.secrets.get((self.namespace, key.secret))
        try:
            if obj is not None and key.key not in secret_data(obj):
                yield self._warning(path, key, "is in none of the files: add it, or correct the reference")
        except InvalidValue as error:
            yield Finding(path, f"Secret {self.namespace}/{key.secret}: {error}", Reason.SECRET_NOT_FOUND)

    def _proxy(self, path: str, key: SecretKey) -> Warnings:
        text = self._text(key)
        if text is not None:
            yield from self._url(path, key, split_user_info(text)[0])

    def _webhook_url(self, path: str, key: SecretKey) -> Warnings:
        text = self._text(key)
        if text is None:
            return
        yield from self._url(path, key, text)
        try:
            is_allowed = self.policy.allows_host(authority_of(parse_http_url(text)))
        except InvalidValue:
            return
        if not is_allowed:
            message = "its host is not allowed by network.allowHosts and denyHosts of the policy"
            yield self._warning(path, key, message, Reason.POLICY_DENIED)

    def _url(self, path: str, key: SecretKey, text: str) -> Warnings:
        try:
            authority = authority_of(parse_http_url(text))
        except InvalidValue as error:
            yield self._warning(path, key, str(error))
        else:
            yield from _blocked(path, authority, self.networks, f"the address in key {key.key} of Secret {key.secret}")

    def _text(self, key: SecretKey) -> str | None:
        """Return a value of the files, or None if they have none that can be read."""
        obj = self.secrets.get((self.namespace, key.secret))
        try:
            return None if obj is None else secret_data(obj)[key.key].decode().strip()
        except (InvalidValue, KeyError, UnicodeDecodeError):
            return None

    def _warning(self, path: str, key: SecretKey, message: str, reason: Reason = Reason.SECRET_NOT_FOUND) -> Finding:
        return Finding(path, f"key {key.key} of Secret {self.namespace}/{key.secret}: {message}", reason)
