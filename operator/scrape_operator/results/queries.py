"""The parameters of a request, checked: pages of lists, and where watches begin."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from scrape_operator.core.results import LIST_MAX_ROWS
from scrape_operator.results.failures import BAD_REQUEST, EXPIRED, UNPROCESSABLE, RequestRefused

TOKEN_MAX_LENGTH = 8192
REVISION_MAX_DIGITS = 18

WATCH_MIN_SECONDS, WATCH_MAX_SECONDS = 1800, 3600
"""A watch ends after a time between these, as those of the API server do, so that clients come back spread out."""


@dataclass(frozen=True, slots=True)
class WatchQuery:
    """Where a watch begins. `since` None means now; with `is_initial` all that is there comes first."""

    since: int | None
    is_initial: bool
    ends_initial: bool
    has_bookmarks: bool
    seconds: float


def limit_of(query: Mapping[str, str]) -> int:
    """Return the number of rows of a page."""
    limit = _number(query, "limit")
    return min(limit or LIST_MAX_ROWS, LIST_MAX_ROWS)


def token_of(query: Mapping[str, str]) -> str | None:
    """Return the token of the page before.

    Raises:
        RequestRefused: It is too long, or a list of the past is asked for.

    """
    token = query.get("continue") or None
    if token is not None and len(token) > TOKEN_MAX_LENGTH:
        raise RequestRefused(BAD_REQUEST, "the continue token is not one that this server returned")
    if query.get("resourceVersionMatch") == "Exact" and token is None:
        raise RequestRefused(EXPIRED, "lists of the past are not kept: list without resourceVersionMatch=Exact")
    return token


def since_of(query: Mapping[str, str]) -> datetime | None:
    """Return the time from which on rows are listed, or None if all are. Raises RequestRefused."""
    return _time(query, "sinceTime")


def until_of(query: Mapping[str, str]) -> datetime | None:
    """Return the time before which rows are listed, or None if all are. Raises RequestRefused."""
    return _time(query, "untilTime")


def watch_query_of(query: Mapping[str, str]) -> WatchQuery:
    """Return where a watch begins (KEP-3157 for `sendInitialEvents`).

    Raises:
        RequestRefused: A parameter is malformed, or some do not go together.

    """
    initial, match = _boolean(query, "sendInitialEvents"), query.get("resourceVersionMatch", "")
    if initial is not None and match != "NotOlderThan":
        raise RequestRefused(UNPROCESSABLE, "sendInitialEvents needs resourceVersionMatch=NotOlderThan")
    if initial is None and match:
        raise RequestRefused(UNPROCESSABLE, "resourceVersionMatch is for lists, and for watches with sendInitialEvents")
    revision = _number(query, "resourceVersion")
    has_bookmarks = bool(_boolean(query, "allowWatchBookmarks"))
    return WatchQuery(
        since=None if revision == 0 or initial else revision,
        is_initial=initial if initial is not None else revision == 0,
        ends_initial=bool(initial) and has_bookmarks,
        has_bookmarks=has_bookmarks,
        seconds=_seconds(query),
    )


def wants_watch(query: Mapping[str, str]) -> bool:
    """Return whether a request is a watch."""
    return bool(_boolean(query, "watch"))


def _seconds(query: Mapping[str, str]) -> float:
    given = _number(query, "timeoutSeconds")
    spread = WATCH_MIN_SECONDS + secrets.randbelow(WATCH_MAX_SECONDS - WATCH_MIN_SECONDS)
    return min(given or spread, WATCH_MAX_SECONDS)


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    """Return the time of a parameter, or None if it is not given.

    Raises:
        RequestRefused: It is no time with a zone.

    """
    text = query.get(name) or None
    time = None if text is None else _utc(text)
    if text is not None and time is None:
        raise RequestRefused(BAD_REQUEST, f"{name} is no RFC 3339 time: {text[:100]!r}")
    return time


def _utc(text: str) -> datetime | None:
    """Return the instant that a text names, or None if it names none."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name) or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= REVISION_MAX_DIGITS):
        raise RequestRefused(BAD_REQUEST, f"{name} is not a number: {text[:100]!r}")
    return int(text)


def _boolean(query: Mapping[str, str], name: str) -> bool | None:
    match query.get(name, "").lower():
        case "":
            return None if name not in query else name == "watch"
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise RequestRefused(BAD_REQUEST, f"{name} is true or false")
