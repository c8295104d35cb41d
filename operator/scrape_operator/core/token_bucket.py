"""A token bucket: a rate limit that allows bursts. Time is an argument, in seconds."""

from math import inf

_ONE_TOKEN = 1.0 - 1e-9
"""What counts as a whole token, since refilling in small steps loses the last bits."""


class TokenBucket:
    """Allows `rate` actions a second on average, and up to `burst` at once after a rest."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = max(1.0, burst)
        self._tokens = self._burst
        self._at = -inf

    def take(self, now: float) -> bool:
        """Take a token and return whether there was one."""
        self._refill(now)
        if self._tokens < _ONE_TOKEN:
            return False
        self._tokens -= 1.0
        return True

    def put_back(self) -> None:
        """Return a token that was not needed."""
        self._tokens = min(self._burst, self._tokens + 1.0)

    def ready_at(self, now: float) -> float:
        """Return the time at which a token is available: `now`, or later."""
        self._refill(now)
        return now if self._tokens >= _ONE_TOKEN else now + (1.0 - self._tokens) / self._rate

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
