"""The places of a schedule where a secret can stand, each with a canary of its own."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

HTTP = Mapping[str, Any]


def canary(number: int) -> str:
    """Return a secret whose characters look different wherever a text is escaped."""
    return f'c4n4ry{number:02}-A+b/c=&d"e<f g'


@dataclass(frozen=True, slots=True)
class Place:
    """One way to use a secret. In `http` and `secrets`, `{canary}`, `{server}` and `{proxy}` are filled in.

    Attributes:
        is_sent: Whether the server sees the secret.

    """

    http: HTTP
    secrets: Mapping[str, Mapping[str, str]]
    is_sent: bool = True
    paginate: Mapping[str, Any] = field(default_factory=dict)


KEY = {"name": "one-{id}", "key": "token"}
ONE = {"one-{id}": {"token": "{canary}"}}
LOGIN = {"login-{id}": {"username": "ada", "password": "{canary}"}}
CLIENT = {"client-{id}": {"client_id": "ada", "client_secret": "{canary}"}}
PEM = "-----BEGIN PRIVATE KEY-----\n{canary}\n-----END PRIVATE KEY-----\n"


def header(name: str) -> HTTP:
    return {"headers": [{"name": name, "valueFrom": {"secretKeyRef": KEY}}]}


def with_auth(**auth: Any) -> HTTP:
    return {"auth": auth}


def oauth2(path: str) -> HTTP:
    return with_auth(oauth2={"tokenURL": f"{{server}}{path}", "secretRef": {"name": "client-{id}"}})


def proxied(url: str) -> Mapping[str, Mapping[str, str]]:
    return {"proxy-{id}": {"url": url}}


PLACES: Mapping[str, Place] = {
    "a header": Place(header("X-Token"), ONE),
    "a cookie": Place(header("Cookie"), ONE),
    "the header Authorization": Place(header("Authorization"), ONE),
    "the header User-Agent": Place(header("User-Agent"), ONE),
    "the header Referer": Place(header("Referer"), ONE),
    "basic, password": Place(with_auth(basic={"secretRef": {"name": "login-{id}"}}), LOGIN),
    "bearer": Place(with_auth(bearer={"secretKeyRef": KEY}), ONE),
    "apiKey in a header": Place(with_auth(apiKey={"in": "Header", "name": "X-Key", "secretKeyRef": KEY}), ONE),
    "apiKey in the query": Place(with_auth(apiKey={"in": "Query", "name": "key", "secretKeyRef": KEY}), ONE),
    "client secret": Place(oauth2("/token"), CLIENT),
    "client secret that is refused": Place(oauth2("/refused"), CLIENT),
    "client secret, garbled answer": Place(oauth2("/garbled"), CLIENT),
    "client secret, redirected": Place(oauth2("/moved"), CLIENT),
    "access token": Place(oauth2("/grant/{canary_path}"), {"client-{id}": {"client_id": "ada", "client_secret": "x"}}),
    "password of a proxy": Place(
        {"proxySecretRef": {"name": "proxy-{id}"}}, proxied("http://ada:{canary_path}@{server_authority}")
    ),
    "password of a proxy that refuses": Place(
        {"proxySecretRef": {"name": "proxy-{id}"}}, proxied("http://ada:{canary_path}@{proxy_authority}")
    ),
    "password of an unreachable proxy": Place(
        {"proxySecretRef": {"name": "proxy-{id}"}}, proxied("http://ada:{canary_path}@127.0.0.1:1"), is_sent=False
    ),
    "proxy of a wrong scheme": Place(
        {"proxySecretRef": {"name": "proxy-{id}"}}, proxied("socks5://ada:{canary_path}@127.0.0.1:1"), is_sent=False
    ),
    "proxy that is no address": Place({"proxySecretRef": {"name": "proxy-{id}"}}, proxied("{canary}"), is_sent=False),
    "key of a certificate": Place(
        {"tls": {"certSecretRef": {"name": "tls-{id}"}}},
        {"tls-{id}": {"tls.crt": PEM, "tls.key": PEM}},
        is_sent=False,
    ),
    "roots": Place({"tls": {"caSecretRef": {"name": "tls-{id}"}}}, {"tls-{id}": {"ca.crt": PEM}}, is_sent=False),
    "header that cannot be sent": Place(
        header("X-Token"), {"one-{id}": {"token": "{canary}\n{canary}"}}, is_sent=False
    ),
    "form that repeats the secret": Place(
        {"method": "POST", "body": {"form": [{"name": "a", "value": "{canary}"}]}, **header("X-Token")}, ONE
    ),
    "JSON that repeats the secret": Place(
        {"method": "POST", "body": {"json": {"a": "{canary}"}}, **header("X-Token")}, ONE
    ),
    "parameter that repeats the secret": Place(
        {"params": [{"name": "a", "value": "{canary}"}], **header("X-Token")}, ONE
    ),
}


def fills_of(number: int, server: str, proxy: str) -> Mapping[str, str]:
    """Return what a place's braces stand for: it has a secret, a name and a host of its own."""
    secret, url = canary(number), server.replace("127.0.0.1", f"127.0.1.{number + 1}")
    return {
        "id": f"s{number}",
        "canary": secret,
        "canary_path": quote(secret, safe=""),
        "server": url,
        "server_authority": url.removeprefix("http://"),
        "proxy_authority": proxy.removeprefix("http://"),
    }


def filled(value: Any, fills: Mapping[str, str]) -> Any:
    """Return a value with what stands in braces filled in."""
    if isinstance(value, Mapping):
        return {filled(name, fills): filled(part, fills) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, fills) for part in value]
    if isinstance(value, str):
        for name, text in fills.items():
            value = value.replace(f"{{{name}}}", text)
    return value


def forms(secret: str) -> Iterator[bytes]:
    """Yield how a secret may be written by whoever repeats it."""
    escaped = json.dumps(secret)[1:-1]
    texts = {secret, quote(secret), quote(secret, safe=""), quote(secret, safe="").lower(), quote_plus(secret)}
    texts |= {escape(secret), escape(secret, quote=False), escaped, escaped.replace("/", "\\/")}
    for text in texts:
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
    for text in {secret, quote_plus(secret)}:
        for offset in range(3):  # as the end of a longer text, such as user:password
            encoded = b64encode(b"x" * offset + text.encode())
            yield encoded[4:-4]
            yield encoded[4:-4].replace(b"+", b"-").replace(b"/", b"_")
