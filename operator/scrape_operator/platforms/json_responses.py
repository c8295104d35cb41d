"""Reads JSON from a response. Firewalls and overloaded servers answer in place of a platform, often with status 200.

An answer without a body, with a page or with broken JSON is a transient failure: a fetcher tries it again, like a 502.
A firewall's challenge is final: it is reported as Blocked, and adapters never try to get round it.
"""

from typing import Any

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.json_values import changed

_NO_CONTENT = frozenset({202, 204})
_BLOCKED = (
    "this address is taken for a robot's or lies in a country that is not served; ask the operator of the platform"
)


def read_json(response: Response, where: str) -> Any:
    """Return the content of a JSON response. `where` names the request for people: `SportyBet pcUpcomingEvents`.

    Raises:
        ScrapeFailed: Blocked for a firewall's answer, PlatformChanged for anything else that is not JSON.

    """
    try:
        return _read(response, where)
    except ScrapeFailed as failure:
        failure.http_status = response.status
        raise


def _read(response: Response, where: str) -> Any:
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = response.body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if "x-amzn-waf-action" in headers or headers.get("cf-mitigated") == "challenge":
        raise _blocked(where, "a firewall's challenge")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body and response.status in _NO_CONTENT:
        raise _transient(_blocked(where, f"{response.status} without a body"))
    if not body:
        raise _transient(changed(where, "JSON", None))
    if body.startswith(b"<") or kind in {"text/html", "application/xhtml+xml"}:
        raise _transient(_blocked(where, "a page in place of JSON"))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = kind if kind and "json" not in kind else "text that is not JSON"
        raise _transient(changed(where, "JSON", found)) from error


def _blocked(where: str, found: str) -> ScrapeFailed:
    return ScrapeFailed(Reason.BLOCKED, f"{where} answered with {found}: {_BLOCKED}")


def _transient(failure: ScrapeFailed) -> ScrapeFailed:
    failure.is_transient = True
    return failure
