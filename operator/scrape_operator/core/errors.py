"""The error tree. A failed scrape is data: `ScrapeFailed` never leaves the run that it belongs to.

ScrapeOperatorError
├── ScrapeFailed       a target could not be fetched or read; carries a Reason
├── StoreUnavailable   the database can't be reached or refuses; retry later
├── ClusterError       the API server can't be reached or refuses
├── InvalidSettings    environment variables have wrong values
├── NotFound           what was named does not exist, or holds nothing of what was sought
├── NotDone            what was asked for did not happen, although it was asked for in the right way
└── InvalidValue       a text that should be a duration, a byte size, a selector … is none
"""

from typing import Self

from scrape_operator.core.runs.reasons import Reason


class ScrapeOperatorError(Exception):
    """The root of every error that this package raises on purpose."""


class ScrapeFailed(ScrapeOperatorError):
    """One target failed. `message` is shown to users: it never holds a secret.

    `retry_after` is the delay that the server asked for, in seconds. `is_transient` marks a failure that another try
    may correct although its reason does not say so, such as an empty body.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        is_transient: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.http_status = http_status
        self.retry_after = retry_after
        self.is_transient = is_transient

    def detached(self) -> Self:
        """Return this failure without the frames that it has passed, to be kept.

        They hold all that the target has read, and mostly whoever keeps the failure, too: a cycle that would live until
        the garbage collector finds it.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class StoreUnavailable(ScrapeOperatorError):
    """The database did not answer, or did not accept the work: nothing was written."""


class ClusterError(ScrapeOperatorError):
    """The API server refused, or did not answer. `status` is its HTTP status, 0 where there is none."""

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class InvalidValue(ScrapeOperatorError, ValueError):
    """A text does not have the form that its field needs; the message names form and remedy."""


class NotFound(ScrapeOperatorError):
    """An object, a run or a list of items that was asked for does not exist; the message names it and the remedy."""


class NotDone(ScrapeOperatorError):
    """What was asked for did not happen; the message says why and what to do."""


class InvalidSettings(ScrapeOperatorError):
    """Environment variables have wrong values. Each line of the message names one variable."""
