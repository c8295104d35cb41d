"""Finds for `lint` credentials that stand in a schedule, where everybody who may read it sees them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scrape_operator.core.findings import Finding

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALWAYS = frozenset({"authorization", "apikey", "password", "passwd", "secret"})
_PLAIN_TOKENS = frozenset({"continuation", "csrf", "cursor", "next", "page", "pagination", "sync", "xsrf"})
"""Words beside `token` that say it is no credential."""
_KEYS = frozenset({"access", "account", "api", "app", "auth", "private", "subscription"})
"""Words beside `key` that say it is a credential."""

_HEADER_REMEDY = "refer to a Secret by valueFrom.secretKeyRef in its place"
_QUERY_REMEDY = "remove it, and set auth.apiKey with in: Query, which refers to a Secret"


def clear_credentials(obj: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the headers and parameters of a schedule without findings that by their names are credentials.

    No message repeats a value.
    """
    for index, target in enumerate(obj["spec"]["targets"]):
        http, path = target.get("http") or {}, f"spec.targets[{index}].http"
        for number, header in enumerate(http.get("headers") or ()):
            if "value" in header and names_credential(header["name"]):
                yield _finding(f"{path}.headers[{number}].value", f"header {header['name']}", _HEADER_REMEDY)
        for number, parameter in enumerate(http.get("params") or ()):
            if names_credential(parameter["name"]):
                yield _finding(f"{path}.params[{number}].value", f"parameter {parameter['name']}", _QUERY_REMEDY)
        for name, _value in parse_qsl(urlsplit(http.get("url", "")).query):
            if names_credential(name):
                yield _finding(f"{path}.url", f"parameter {name}", _QUERY_REMEDY)


def names_credential(name: str) -> bool:
    """Return whether a header or parameter is a credential, as its name says."""
    words = {word.lower() for word in _WORD.findall(name)}
    if words & _ALWAYS:
        return True
    return ("token" in words and not words & _PLAIN_TOKENS) or ("key" in words and bool(words & _KEYS))


def _finding(path: str, what: str, remedy: str) -> Finding:
    return Finding(path, f"{what} looks like a credential, and everybody who may read the schedule sees it: {remedy}")
