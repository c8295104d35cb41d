"""The cookies of one target in one run (RFC 6265): sent with its redirects, pages, follow requests and retries."""

import re

from aiohttp import CookieJar
from yarl import URL

from scrape_operator.fetching.redirects import Headers, without

MAX_COOKIES = 100
MAX_COOKIE_LENGTH = 4096

_AT_THE_EPOCH = re.compile(r";\s*expires\s*=[^;]*1970 00:00:00 GMT", re.IGNORECASE)
_DOMAIN = re.compile(r";\s*domain\s*=\s*\.?([^;]*)", re.IGNORECASE)


class SessionCookies:
    """Keeps cookies in memory. A cookie that came over TLS is never sent without."""

    def __init__(self) -> None:
        self._jar: CookieJar | None = None  # most servers set none

    def store(self, url: URL, headers: list[str]) -> None:
        """Keep what an answer sets; too long, too many, or for a whole top-level domain is ignored."""
        usable = [header for header in headers if len(header) <= MAX_COOKIE_LENGTH and _has_fitting_domain(header)]
        if not usable:
            return
        jar = self._jar = self._jar or CookieJar(unsafe=True, quote_cookie=False)
        secure = "; Secure" if url.scheme == "https" else ""
        for header in usable[:MAX_COOKIES]:
            deleted = "; Max-Age=0" if _AT_THE_EPOCH.search(header) else ""  # aiohttp takes that time as none
            if len(jar) < MAX_COOKIES or deleted:
                jar.update_cookies_from_headers([header + deleted + secure], url)

    def add_to(self, headers: Headers, url: URL) -> Headers:
        """Return headers with the cookies for an address, behind those that a Cookie header names."""
        if self._jar is None:
            return headers
        cookies = [f"{name}={morsel.value}" for name, morsel in self._jar.filter_cookies(url).items()]
        if not cookies:
            return headers
        given = [value for name, value in headers if name.lower() == "cookie"]
        return (*without(headers, "cookie"), ("Cookie", "; ".join((*given, *cookies))))


def _has_fitting_domain(header: str) -> bool:
    match = _DOMAIN.search(header)
    return match is None or not match[1].strip() or "." in match[1].strip(" .")
