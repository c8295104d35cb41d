"""The end of a run, as every wait of the run sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TIMEOUT_FIELD: Final = "spec.timeout; where absent 90 % of the interval, at most 10m"
"""What sets the deadline of a run, for messages. `planning.timing` has the default."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant after which a run does nothing more: `at` is in seconds of `clock`, which never jumps."""

    at: float
    clock: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float]) -> "Deadline":
        """Return the deadline that is `seconds` from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds that are left, or zero."""
        return max(0.0, self.at - self.clock())

    def allows(self, seconds: float) -> bool:
        """Return whether a wait of so many seconds ends before the deadline."""
        return seconds < self.remaining()
