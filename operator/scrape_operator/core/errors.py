"""The error tree. A failed scrape is data: `ScrapeFailed` never leaves the run that it belongs to.

ScrapeOperatorError
├── ScrapeFailed       a target could not be fetched or read; carries a Reason
├── StoreUnavailable   the database can't be reached or refuses; retry later
├── ClusterError       the API server can't be reached or refuses
├── InvalidSettings    environment variables have wrong values
└── InvalidValue       a text that should be a duration, a byte size, a selector … is none
"""

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


class InvalidSettings(ScrapeOperatorError):
    """Environment variables have wrong values. Each line of the message names one variable."""
