"""The limits of one extraction. Selectors count their work here, so that no document occupies a process for long."""

from typing import Final, NoReturn

FULL: Final = 20_000_000
"""Microseconds, roughly: the limit for one document in a worker process."""

INLINE: Final = 10_000
"""Microseconds, roughly: the limit for one document on the event loop."""

MAX_HELD: Final = 64 * 2**20
"""Bytes, roughly: the memory of the items of one document, and of what its selectors build."""


class StepBudgetExceeded(Exception):
    """The document costs more than it may; nothing is known about its content."""


class StepBudget:
    """A budget of microseconds that is counted rather than measured: the same document always costs the same.

    `inline`: the event loop waits for the work, so that what cannot be counted is not begun.
    """

    __slots__ = ("_inline", "_left", "_room")

    def __init__(self, limit: int = FULL, *, inline: bool = False) -> None:
        self._left = limit
        self._room = MAX_HELD
        self._inline = inline

    @classmethod
    def for_event_loop(cls) -> "StepBudget":
        """Return a budget for work that the event loop waits for."""
        return cls(INLINE, inline=True)

    def spend(self, microseconds: int) -> None:
        """Count work. Raises StepBudgetExceeded."""
        self._left -= microseconds
        if self._left < 0:
            raise StepBudgetExceeded

    def foresee(self, microseconds: int) -> None:
        """Count work that is about to begin on the event loop; a worker process can be killed instead."""
        if self._inline:
            self.spend(microseconds)

    def require_worker(self) -> None:
        """Raise StepBudgetExceeded on the event loop: the cost of what follows is not known."""
        if self._inline:
            raise StepBudgetExceeded

    def hold(self, size: int) -> None:
        """Count memory, in bytes, before it is used. Raises StepBudgetExceeded."""
        self._room -= size
        if self._room < 0:
            raise StepBudgetExceeded

    def exhaust(self) -> NoReturn:
        """Raise StepBudgetExceeded: a library met a limit of its own."""
        raise StepBudgetExceeded
