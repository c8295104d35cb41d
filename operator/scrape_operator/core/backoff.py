"""Exponential back-off with full jitter, for every retry of the product. Time is an argument, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass

_MAX_DOUBLINGS = 32
"""Keeps the power finite during an outage of days."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The delays between tries: random, up to `initial_seconds` doubled with each failure and capped.

    The jitter is full (AWS Architecture Blog, "Exponential Backoff and Jitter"), so that many clients that
    failed together do not come back together.
    """

    initial_seconds: float
    max_seconds: float
    max_retry_after_seconds: float = 300.0

    def ceiling(self, failures: int) -> float:
        """Return the longest delay after `failures` earlier failures in a row."""
        return min(self.max_seconds, self.initial_seconds * 2.0 ** min(max(failures, 0), _MAX_DOUBLINGS))

    def delay(self, failures: int, random: Callable[[], float], *, retry_after: float | None = None) -> float:
        """Return the seconds to wait before the next try.

        Args:
            failures: how many tries failed in a row before the one that has just failed.
            random: returns a number from 0 to 1.
            retry_after: what the server asked for. The jitter is added to it, up to max_retry_after_seconds.

        """
        asked = min(max(retry_after or 0.0, 0.0), self.max_retry_after_seconds)
        return asked + random() * self.ceiling(failures)
