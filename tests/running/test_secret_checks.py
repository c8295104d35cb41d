"""The check of a target's Secrets says what its next run would say."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from scrape_operator.clock import SystemClock
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.running.secret_checks import SecretChecks
from scrape_operator.settings import Settings
from tests.api.building import changed
from tests.support.secrets import MemorySecrets

BEARER = {"auth": {"bearer": {"secretKeyRef": {"name": "shop", "key": "token"}}}}
OAUTH2 = {"auth": {"oauth2": {"tokenURL": "https://shop.example/token", "secretRef": {"name": "client"}}}}
TLS = {"tls": {"certSecretRef": {"name": "mtls"}}}
EXTRACT = {"items": {"jmespath": "data"}, "fields": [{"name": "id", "jmespath": "id"}]}


class RawSecrets(MemorySecrets):
    """Secrets whose values need not be text."""

    async def read(self, namespace: str, name: str) -> Mapping[str, bytes]:
        content = await super().read(namespace, name)
        return {key: value.replace(b"raw", b"\xff") for key, value in content.items()}


def plan_of(http: Mapping[str, Any]) -> SchedulePlan:
    target = {"name": "main", "http": {"url": "https://shop.example/{scheduledFor:%Y}", **http}, "extract": EXTRACT}
    platform = {"name": "odds", "platform": {"name": "SportyBet", "config": {"country": "ng", "sport": "football"}}}
    obj = changed({"targets": [target, platform]})
    obj["metadata"] |= {"uid": "uid", "generation": 1, "namespace": "default"}
    plan = compile_schedule(obj, timedelta(hours=1))
    assert plan.findings == ()
    return plan


@pytest.mark.parametrize(
    ("http", "secrets", "problem"),
    [
        (BEARER, {}, "Secret default/shop does not exist: create it"),
        (BEARER, {"shop": {"tokens": "t"}}, "Secret default/shop has no key token: add it, or correct the reference"),
        (BEARER, {"shop": {"token": "raw"}}, "key token of Secret shop is not UTF-8 text: write it anew"),
        (BEARER, {"shop": {"token": "t"}}, None),
        (OAUTH2, {"client": {"client_id": "i"}}, "Secret default/client has no key client_secret: add it, or correct"),
        (OAUTH2, {"client": {"client_id": "i", "client_secret": "s"}}, None),
        (TLS, {"mtls": {"tls.crt": "c"}}, "Secret default/mtls has no key tls.key: add it, or correct the reference"),
        (TLS, {"mtls": {"tls.crt": "no PEM", "tls.key": "no PEM"}}, None),
    ],
    ids=["absent", "wrong key", "no text", "there", "half", "whole", "no key", "a run says TLSError"],
)
async def test_what_is_wrong_is_what_a_run_would_say(
    http: Mapping[str, Any], secrets: Mapping[str, Mapping[str, str]], problem: str | None
) -> None:
    async with open_fetcher(Settings(), secrets=RawSecrets(secrets)) as fetcher:
        found = await SecretChecks(fetcher, SystemClock()).find_problem(plan_of(http), "main")
    assert (found is None) is (problem is None)
    assert str(found).startswith(str(problem))


@pytest.mark.parametrize("target", ["odds", "unknown"])
async def test_a_target_without_secrets_lacks_none(target: str) -> None:
    async with open_fetcher(Settings()) as fetcher:
        assert await SecretChecks(fetcher, SystemClock()).find_problem(plan_of(BEARER), target) is None
