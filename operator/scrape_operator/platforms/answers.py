"""From a response to JSON: the first check of every answer, the same for all, before a platform's envelope is opened.

Firewalls answer in place of the platform, and with no error status: with 202 and nothing, or with a page for people.
Such an answer is Blocked, is reported, and is never tried to get round.
"""

from typing import Any

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.shapes import changed

_NO_CONTENT = frozenset({202, 204})
_BLOCKED = (
    "this address is taken for a robot's or lies in a country that is not served; ask the operator of the platform"
)


def read_json(response: Response, where: str) -> Any:
    """Give what a JSON answer holds. `where` names the request for people: `SportyBet pcUpcomingEvents`.

    Raises:
        ScrapeFailed: Blocked for a firewall's answer, PlatformChanged for another that is no JSON.

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
    if not body:
        if response.status in _NO_CONTENT:
            raise _blocked(where, f"{response.status} without a body")
        raise changed(where, "JSON", None)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.startswith(b"<") or kind in {"text/html", "application/xhtml+xml"}:
        raise _blocked(where, "a page in place of JSON")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = kind if kind and "json" not in kind else "text that is none"
        raise changed(where, "JSON", found) from error


def _blocked(where: str, found: str) -> ScrapeFailed:
    return ScrapeFailed(Reason.BLOCKED, f"{where} answered with {found}: {_BLOCKED}")
