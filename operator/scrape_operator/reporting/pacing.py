"""Pacing of what we ask of the API server: a token bucket and a back-off. Time is an argument, in seconds."""

from collections.abc import Callable

BACKOFF_INITIAL_SECONDS = 0.5
BACKOFF_MAX_SECONDS = 30.0
RETRY_AFTER_MAX_SECONDS = 300.0
_WHOLE = 1.0 - 1e-9


class TokenBucket:
    """Lets `rate` things happen in a second, and up to `burst` at once after a rest."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = max(1.0, burst)
        self._tokens = self._burst
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self._refill(now)
        if self._tokens < _WHOLE:
            return False
        self._tokens -= 1.0
        return True

    def give_back(self) -> None:
        """Return a token that was not needed after all."""
        self._tokens = min(self._burst, self._tokens + 1.0)

    def ready_at(self, now: float) -> float:
        """Give the time at which a token is there: `now`, or later."""
        self._refill(now)
        return now if self._tokens >= _WHOLE else now + (1.0 - self._tokens) / self._rate

    def _refill(self, now: float) -> None:
        if self._at is not None and now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now if self._at is None else max(self._at, now)


def backoff(failures: int, retry_after: float | None, random: Callable[[], float]) -> float:
    """Give the seconds to wait after so many failures in a row: exponential with full jitter, capped.

    What the server asked for (`retry_after`) is waited for at least; the jitter comes on top, so that
    many objects that were refused at once don't come back at once.
    """
    # The exponent is bounded, since 2 ** failures grows without end during a long outage.
    jitter = random() * min(BACKOFF_MAX_SECONDS, BACKOFF_INITIAL_SECONDS * 2.0 ** min(failures, 10))
    return jitter + min(max(retry_after or 0.0, 0.0), RETRY_AFTER_MAX_SECONDS)
