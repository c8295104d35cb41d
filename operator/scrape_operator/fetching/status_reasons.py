"""What the status of an answer means for a scrape."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from scrape_operator.core.durations import format_duration
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import parse_retry_after
from scrape_operator.fetching.failures import HopFailed

NOT_MODIFIED = 304


def is_success(status: int, success: Sequence[int | str]) -> bool:
    """Whether a status is among those asked for: integers, or classes such as "2xx"."""
    return any(
        status == entry if isinstance(entry, int) else entry.lower() == f"{status // 100}xx" for entry in success
    )


def failure_of(status: int, headers: Mapping[str, str], now: datetime) -> HopFailed:
    """Return the failure that a status stands for."""
    wait = headers.get("retry-after")
    reason = _reason(status, has_retry_after=wait is not None)
    retry_after = None
    if reason is Reason.RATE_LIMITED and wait is not None:
        parsed = parse_retry_after(wait, now)
        retry_after = None if parsed is None else parsed.total_seconds()
    message = _message(status)
    if retry_after:
        pause = format_duration(timedelta(seconds=math.ceil(retry_after)))
        message = f"{message} and asked for a pause (Retry-After) of {pause}"
    return HopFailed(reason, message, http_status=status, retry_after=retry_after)


def _reason(status: int, *, has_retry_after: bool) -> Reason:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        return Reason.AUTH_FAILED
    if status == HTTPStatus.FORBIDDEN:
        return Reason.BLOCKED
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and has_retry_after):
        return Reason.RATE_LIMITED
    return Reason.HTTP_STATUS


def _message(status: int) -> str:
    try:
        return f"answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answered {status}"
