"""Requests for manual runs: an annotation whose value, the token, identifies one run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scrape_operator.api.kinds.meta import GROUP

REQUEST_ANNOTATION = f"{GROUP}/requested-at"
TOKEN_MAX_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Request:
    """What the annotation of an object asks for: a run with this token, or nothing. `refusal` says what is wrong."""

    token: str | None = None
    refusal: str | None = None


NO_REQUEST = Request()


def request_of(metadata: Mapping[str, Any]) -> Request:
    """Return the manual run that the annotations of an object request."""
    token = (metadata.get("annotations") or {}).get(REQUEST_ANNOTATION)
    if not isinstance(token, str) or not token:
        return NO_REQUEST
    if len(token) <= TOKEN_MAX_LENGTH:
        return Request(token)
    refusal = (
        f"the annotation {REQUEST_ANNOTATION} has {len(token)} characters and requests no run: "
        f"set it to a token of at most {TOKEN_MAX_LENGTH} characters, such as the time"
    )
    return Request(refusal=refusal)


def echoed_token(status: Mapping[str, Any]) -> str | None:
    """Return the token that the status of an object shows as handled, or None if it shows none."""
    token = status.get("lastHandledRequest")
    return token if isinstance(token, str) and len(token) <= TOKEN_MAX_LENGTH else None
