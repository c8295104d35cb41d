"""What the documents of each schedule cost so far: which schedules are quick, and which belong to the slow lane.

Used by `pool`. Times are seconds of a monotonic clock, costs are seconds of CPU time.
"""

from typing import Final

from scrape_operator.core.recent import Recent

SLOW_SECONDS: Final = 600.0
"""A schedule whose document exceeded the quick lane goes straight to the slow lane for so long."""

TRIAL_SECONDS: Final = 0.25
"""CPU time that a document may take while others wait, of a schedule that is not known to be quick."""

PROVEN_SECONDS: Final = 2.0
"""CPU time that documents of a quick schedule may take together without being read to their end.

A deadline may come before the limit of each of them.
"""

_REMEMBERED: Final = 10_000
"""Schedules. The one that was noted least recently is forgotten first."""


class KnownCosts:
    """Remembers what the last documents of schedules cost."""

    def __init__(self) -> None:
        self._quick: Recent[str, None] = Recent(_REMEMBERED)
        self._cut_off: Recent[str, tuple[float, float]] = Recent(_REMEMBERED)
        self._slow_until: Recent[str, float] = Recent(_REMEMBERED)

    def is_quick(self, requester: str) -> bool:
        """Return whether the last document of a schedule was read in the quick lane."""
        return requester in self._quick

    def is_slow(self, requester: str, now: float) -> bool:
        """Return whether a schedule goes straight to the slow lane."""
        return self._slow_until.get(requester, 0.0) > now

    def finished(self, requester: str) -> None:
        """Note that a document was read in the quick lane."""
        self._quick[requester] = None

    def cut_off(self, requester: str, cost: float, now: float) -> None:
        """Note that a document was not read to its end in the quick lane, after so much CPU time."""
        spent, since = self._cut_off.get(requester, (0.0, now))
        if now - since > SLOW_SECONDS:
            spent, since = 0.0, now
        self._cut_off[requester] = spent + cost, since
        if spent + cost >= (PROVEN_SECONDS if self.is_quick(requester) else TRIAL_SECONDS):
            self.exceeded(requester, now)

    def exceeded(self, requester: str, now: float) -> None:
        """Note that a document exceeded the quick lane."""
        self._quick.pop(requester, None)
        self._cut_off.pop(requester, None)
        self._slow_until[requester] = now + SLOW_SECONDS
