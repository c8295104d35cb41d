"""Which failures are worth another try, and how long to wait before it. `fetching.session` waits by it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scrape_operator.core.backoff import Backoff
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason

RETRY_AFTER_MAX = timedelta(days=1)

_TRANSIENT = frozenset(
    {
        Reason.TIMEOUT,
        Reason.CONNECT_ERROR,
        Reason.DNS_ERROR,
        Reason.PROTOCOL_ERROR,
        Reason.RATE_LIMITED,
        Reason.STORE_UNAVAILABLE,
    }
)
_REQUEST_TIMEOUT = 408
_TOO_EARLY = 425
_SERVER_ERROR = 500
_DELAY_SECONDS = re.compile(r"[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try, and how long to wait in between. `attempts` counts all tries: 1 is none again."""

    attempts: int = 3
    initial_delay: timedelta = timedelta(seconds=1)
    max_delay: timedelta = timedelta(seconds=30)
    methods: Collection[str] = ("GET", "HEAD")

    def delay(self, attempt: int, retry_after: float | None, random: float) -> float:
        """Return the seconds to wait after try number `attempt` (from 1): exponential with full jitter.

        `random` is in [0, 1). With an initial delay of 1 s the wait is anywhere in 0..1 s, 0..2 s, 0..4 s and so on.
        What the server asked for (`retry_after`, in seconds) is the least, `max_delay` is the most.
        """
        most = self.max_delay.total_seconds()
        jittered = Backoff(self.initial_delay.total_seconds(), most).ceiling(attempt - 1) * random
        return max(jittered, min(retry_after or 0.0, most))


def is_worth_another_try(failure: ScrapeFailed) -> bool:
    """Whether the same request may well succeed a little later.

    A certificate, a blocked address, a redirect or a refusal won't change in seconds. A body that can't be read may:
    its failure is then marked as transient.
    """
    if failure.is_transient:
        return True
    if failure.reason is Reason.HTTP_STATUS:
        status = failure.http_status or 0
        return status >= _SERVER_ERROR or status in {_REQUEST_TIMEOUT, _TOO_EARLY}
    return failure.reason in _TRANSIENT


def parse_retry_after(text: str, now: datetime) -> timedelta | None:
    """Read a Retry-After header: seconds, or a date in any of HTTP's three forms (RFC 9110 sections 5.6.7, 10.2.3).

    Between zero and a day; None where the text is neither.
    """
    text = text.strip(" \t")
    if _DELAY_SECONDS.fullmatch(text):
        return timedelta(seconds=min(float(text), RETRY_AFTER_MAX.total_seconds()))
    try:
        date = parsedate_to_datetime(text)
        at = date if date.tzinfo else date.replace(tzinfo=UTC)
        return min(max(at - now, timedelta(0)), RETRY_AFTER_MAX)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
