"""The cookies of one target in one run (RFC 6265): sent with its redirects, pages, follow requests and retries."""

import time
from collections.abc import Callable, Iterator

from yarl import URL

from scrape_operator.core.net.cookies import Cookie, parse_set_cookie
from scrape_operator.fetching.redirects import Headers, without

MAX_COOKIES = 100
MAX_COOKIE_LENGTH = 4096
MAX_SENT_LENGTH = 8192
"""The most characters of cookies that one request has; servers refuse longer headers."""


class SessionCookies:
    """Keeps cookies in memory. `now` gives seconds since the epoch."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}  # in the order in which they were set first
        self._now = now

    def store(self, url: URL, headers: list[str]) -> None:
        """Keep what an answer sets; too long, too many, or for a whole top-level domain is ignored."""
        now = self._now()
        self._remove_expired(now)
        usable = [header for header in headers if len(header) <= MAX_COOKIE_LENGTH]
        for cookie in [parse_set_cookie(header, url, now) for header in usable[:MAX_COOKIES]]:
            if cookie is None:
                continue
            if cookie.expires_at <= now:
                self._cookies.pop(cookie.key, None)
            elif cookie.key in self._cookies or len(self._cookies) < MAX_COOKIES:
                self._cookies[cookie.key] = cookie

    def add_to(self, headers: Headers, url: URL) -> Headers:
        """Return headers with the cookies for an address.

        They stand behind those that a Cookie header names, and replace the ones of the same name: a server that sets a
        cookie anew does not accept the older value any more.
        """
        if not self._cookies:
            return headers
        self._remove_expired(self._now())
        cookies = list(self._for(url))
        if not cookies:
            return headers
        names = {cookie.name for cookie in cookies}
        given = [pair for name, value in headers if name.lower() == "cookie" for pair in _others(value, names)]
        pairs = (*given, *(f"{cookie.name}={cookie.value}" for cookie in cookies))
        return (*without(headers, "cookie"), ("Cookie", "; ".join(pairs)))

    def _for(self, url: URL) -> Iterator[Cookie]:
        """Yield the cookies for an address, those with longer paths first (RFC 6265 section 5.4)."""
        left = MAX_SENT_LENGTH
        for cookie in sorted(self._cookies.values(), key=lambda cookie: -len(cookie.path)):
            size = len(cookie.name) + len(cookie.value) + len("=; ")
            if size <= left and cookie.is_for(url):
                left -= size
                yield cookie

    def _remove_expired(self, now: float) -> None:
        for key in [key for key, cookie in self._cookies.items() if cookie.expires_at <= now]:
            del self._cookies[key]


def _others(header: str, names: set[str]) -> Iterator[str]:
    """Yield the pairs of a Cookie header that have other names."""
    for pair in header.split(";"):
        if pair.strip() and pair.partition("=")[0].strip() not in names:
            yield pair.strip()
