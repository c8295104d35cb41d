"""What the kinds of credentials have in common."""

from typing import Protocol

from yarl import URL

from scrape_operator.fetching.redirects import Headers


class Authenticator(Protocol):
    """Adds credentials to the requests that go to the target's own origin."""

    def for_request(self) -> "Authenticator":
        """Return the authenticator of one request and of its next try, if that has a state of its own."""
        return self

    async def authorize(self, url: URL, headers: Headers) -> tuple[URL, Headers]:
        """Return address and headers with credentials. Raises HopFailed or ScrapeFailed."""

    def is_current(self) -> bool:
        """Return whether the credentials that were added last are still valid, as far as is known."""
        return True

    def may_wait_for(self, authority: str) -> bool:
        """Return whether `authorize` would send a request of its own to a host."""
        return False

    def renew(self) -> bool:
        """Note that the answer was 401. Return whether another try gets other credentials."""
        return False
