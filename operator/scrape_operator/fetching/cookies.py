"""The cookies of one target in one run (RFC 6265): sent with its redirects, pages, follow requests and retries."""

import re

from aiohttp import CookieJar
from yarl import URL

from scrape_operator.fetching.redirects import Headers, without

MAX_COOKIES = 100
MAX_COOKIE_LENGTH = 4096

_AT_THE_EPOCH = re.compile(r";\s*expires\s*=[^;]*1970 00:00:00 GMT", re.IGNORECASE)
_QUOTE = "\ue000"
"""Stands for quotation marks in the jar, which would take them for no part of the value (RFC 6265 section 5.2)."""
_DELETED = "; Max-Age=0"
_MAX_AGE = re.compile(r";\s*max-age\s*=", re.IGNORECASE)
_DOMAIN = re.compile(r"(;\s*domain\s*=\s*)\.?([^;]*)", re.IGNORECASE)


class SessionCookies:
    """Keeps cookies in memory. A cookie that came over TLS is never sent without."""

    def __init__(self) -> None:
        self._jar: CookieJar | None = None  # most servers set none

    def store(self, url: URL, headers: list[str]) -> None:
        """Keep what an answer sets; too long, too many, or for a whole top-level domain is ignored."""
        usable = [_for_jar(header, url) for header in headers if len(header) <= MAX_COOKIE_LENGTH]
        for header in [header for header in usable if header][:MAX_COOKIES]:
            self._jar = self._jar or CookieJar(unsafe=True, quote_cookie=False)
            if len(self._jar) < MAX_COOKIES or header.endswith(_DELETED):
                self._jar.update_cookies_from_headers([header], url)

    def add_to(self, headers: Headers, url: URL) -> Headers:
        """Return headers with the cookies for an address, behind those that a Cookie header names."""
        if self._jar is None:
            return headers
        cookies = [
            f"{name}={morsel.value}".replace(_QUOTE, '"') for name, morsel in self._jar.filter_cookies(url).items()
        ]
        if not cookies:
            return headers
        given = [value for name, value in headers if name.lower() == "cookie"]
        return (*without(headers, "cookie"), ("Cookie", "; ".join((*given, *cookies))))


def _for_jar(header: str, url: URL) -> str:
    """Return a Set-Cookie header as the jar reads it rightly; empty where the cookie is for a top-level domain.

    A domain counts whatever its case, and a name without dots is that host alone. Max-Age counts more than Expires,
    which the jar takes for none at the epoch (RFC 6265 sections 5.2 and 5.3).
    """
    match = _DOMAIN.search(header)
    domain = match[2].strip(" .").lower() if match else ""
    if domain and "." not in domain and domain != url.raw_host:
        return ""
    if match:
        header = header.replace(match[0], match[1] + domain if "." in domain else "", 1)
    pair, semicolon, attributes = header.partition(";")
    header = pair.replace('"', _QUOTE) + semicolon + attributes
    if url.scheme == "https":
        header += "; Secure"
    return header + _DELETED if _AT_THE_EPOCH.search(header) and not _MAX_AGE.search(header) else header
