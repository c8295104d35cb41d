"""What extraction may cost. Selectors count their work here, so that no document runs away with a process."""

from typing import Final, NoReturn

FULL: Final = 20_000_000
"""Microseconds, roughly: what one document may cost at the most, wherever it is read."""

INLINE: Final = 100_000
"""Microseconds, roughly: what a document may cost beside the event loop."""

ROOM: Final = 64 * 2**20
"""Characters and list members that one document may become at the most, all items together."""


class StepBudgetExceeded(Exception):
    """The document costs more than it may; nothing is known about its content."""


class StepBudget:
    """A budget of microseconds that is counted rather than measured: the same document always costs the same.

    `trusts_estimates` says whether a worst case that may never come true, such as the square of the
    number of nodes, counts as well. It does where nobody could stop the work once it has begun.
    """

    __slots__ = ("_left", "_room", "_trusts_estimates")

    def __init__(self, limit: int = FULL, *, trusts_estimates: bool = False) -> None:
        self._left = limit
        self._room = ROOM
        self._trusts_estimates = trusts_estimates

    def spend(self, microseconds: int) -> None:
        """Count work. Raises StepBudgetExceeded."""
        self._left -= microseconds
        if self._left < 0:
            raise StepBudgetExceeded

    def foresee(self, microseconds: int) -> None:
        """Count what work may cost in the worst case, before it is begun. Raises StepBudgetExceeded."""
        if self._trusts_estimates:
            self.spend(microseconds)

    def hold(self, size: int) -> None:
        """Count memory, in characters or list members, before it is taken. Raises StepBudgetExceeded."""
        self._room -= size
        if self._room < 0:
            raise StepBudgetExceeded

    def exhaust(self) -> NoReturn:
        """Give up: something met a limit of its own. Raises StepBudgetExceeded."""
        raise StepBudgetExceeded
