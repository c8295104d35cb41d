"""What lint takes for a credential in clear text."""

from typing import Any

import pytest

from scrape_operator.cli.clear_credentials import clear_credentials, names_credential
from tests.api.building import changed

HTTP = "targets.0.http"
SECRET = {"secretKeyRef": {"name": "s", "key": "token"}}


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "X-API-Key",
        "x-api-key",
        "api_key",
        "apikey",
        "apiKey",
        "APIKey",
        "X-Auth-Token",
        "access_token",
        "accessToken",
        "token",
        "X-Amz-Security-Token",
        "client_secret",
        "clientSecret",
        "password",
        "X-App-Key",
        "Ocp-Apim-Subscription-Key",
        "PRIVATE-TOKEN",
        "X-Auth-Key",
    ],
)
def test_names_of_credentials(name: str) -> None:
    assert names_credential(name)


@pytest.mark.parametrize(
    "name",
    [
        "Accept",
        "Accept-Language",
        "User-Agent",
        "Referer",
        "X-Store-Id",
        "X-CSRF-Token",
        "X-XSRF-TOKEN",
        "page_token",
        "nextPageToken",
        "q",
        "key",
        "keyword",
        "sort_key",
        "Idempotency-Key",
        "Cookie",
        "tokens",
        "secretary",
        "author",
        "continuationToken",
        "passwordless",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not names_credential(name)


@pytest.mark.parametrize(
    ("http", "path", "remedy"),
    [
        (
            {"headers": [{"name": "A", "value": "b"}, {"name": "X-Key-API", "value": "hunter2"}]},
            "headers[1]",
            "valueFrom",
        ),
        ({"params": [{"name": "token", "value": "hunter2"}]}, "params[0]", "auth.apiKey"),
        ({"url": "https://shop.example/{scheduledFor:%Y}?q=1&api_key=hunter2"}, "url", "auth.apiKey"),
    ],
)
def test_a_warning_names_the_field_and_the_remedy_and_no_value(http: dict[str, Any], path: str, remedy: str) -> None:
    obj = changed({f"{HTTP}.{name}": value for name, value in http.items()})
    [finding] = clear_credentials(obj)
    assert finding.path.startswith(f"spec.targets[0].http.{path}")
    assert remedy in finding.message
    assert "hunter2" not in str(finding)


def test_a_reference_to_a_secret_is_no_credential() -> None:
    headers = [{"name": "Authorization", "valueFrom": SECRET}, {"name": "Accept", "value": "text/html"}]
    assert not list(clear_credentials(changed({f"{HTTP}.headers": headers})))
    platform = {"name": "main", "platform": {"name": "betpawa", "config": {}}}
    assert not list(clear_credentials(changed({"targets": [platform]})))
