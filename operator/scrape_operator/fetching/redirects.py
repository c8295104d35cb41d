"""The next hop of a redirect chain, and what it may carry (RFC 9110 section 15.4).

The rule for headers: to another origin go only headers that are known to hold no secret (`HARMLESS_HEADERS`), and those
that describe the body where that is sent. Any other name may carry one, so X-Token, Api-Key and Cookie alike stay with
the origin that they were meant for. A step from
http to https on the same host, at their default ports, stays within the origin.
"""

from dataclasses import dataclass

from yarl import URL

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.net.headers import HARMLESS_HEADERS
from scrape_operator.core.net.urls import origin_of, resolve_location
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.failures import HopFailed

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_SEE_OTHER = 303
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_REWRITING = frozenset({301, 302})  # history made POST into GET here (RFC 9110 sections 15.4.2, 15.4.3)
_CONTENT = frozenset({"content-encoding", "content-language", "content-type"})
# These belong to the origin that they were written for, but hold no secret: dropping them is no error.
_TIED = _CONTENT | frozenset({"from", "if-modified-since", "if-none-match", "origin", "referer"})

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a redirect chain. `is_trusted` until the chain leaves the origin of the target."""

    method: str
    url: URL
    headers: Headers
    is_trusted: bool = True

    def after(self, status: int, locations: list[str], *, carries_credentials: bool = False) -> "Hop":
        """Return the hop that an answer with `status` and these Location headers asks for.

        `carries_credentials` says whether this hop had credentials beside its headers.

        Raises:
            HopFailed: RedirectError; no usable Location, or credentials would be sent without TLS.

        """
        if len(set(locations)) != 1:
            count = "no" if not locations else "more than one"
            raise HopFailed(Reason.REDIRECT_ERROR, f"redirects ({status}) with {count} Location", http_status=status)
        try:
            url = resolve_location(self.url, locations[0])
        except InvalidValue as error:
            message = f"redirects ({status}) to an address that is refused: {error}"
            raise HopFailed(Reason.REDIRECT_ERROR, message, http_status=status) from error
        is_secret = carries_credentials or has_credentials(self.headers)
        if self.url.scheme == "https" and url.scheme == "http" and is_secret:
            message = f"redirects ({status}) from https to http, and the request carries credentials"
            raise HopFailed(Reason.REDIRECT_ERROR, message, http_status=status)
        method = self._method_after(status)
        headers = self.headers if method == self.method else _without_content(self.headers)
        hop = Hop(method, url, headers, self.is_trusted)
        return hop if self._keeps_origin(url) else hop.stripped()

    def stripped(self) -> "Hop":
        """Return the hop as it may go to an origin that is not the target's."""
        kept = HARMLESS_HEADERS if self.method in _WITHOUT_BODY else HARMLESS_HEADERS | _CONTENT
        headers = tuple((name, value) for name, value in self.headers if name.lower() in kept)
        return Hop(self.method, self.url, headers, is_trusted=False)

    def _keeps_origin(self, url: URL) -> bool:
        upgraded = (self.url.scheme, self.url.port, url.scheme, url.port) == ("http", 80, "https", 443)
        return origin_of(url) == origin_of(self.url) or (upgraded and url.raw_host == self.url.raw_host)

    def _method_after(self, status: int) -> str:
        if status == _SEE_OTHER:
            return "HEAD" if self.method == "HEAD" else "GET"
        return "GET" if status in _REWRITING and self.method == "POST" else self.method


def _without_content(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in _CONTENT)


def without(headers: Headers, unwanted: str) -> Headers:
    """Return the headers but the one of that lower-case name."""
    return tuple((name, value) for name, value in headers if name.lower() != unwanted)


def has_credentials(headers: Headers) -> bool:
    """Whether a header may hold a secret: any but the ones that are known to hold none."""
    return any(name.lower() not in HARMLESS_HEADERS | _TIED for name, _ in headers)
