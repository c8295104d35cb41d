"""Refusals as the Kubernetes API writes them: an HTTP status and a Status object."""

from collections.abc import Mapping
from typing import Any

from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.results.authorization import GROUP
from scrape_operator.results.resources import Resource

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED = 400, 401, 403, 404, 405
EXPIRED, UNPROCESSABLE, TOO_MANY_REQUESTS, INTERNAL_ERROR, UNAVAILABLE = 410, 422, 429, 500, 503

REASONS: Mapping[int, str] = {
    BAD_REQUEST: "BadRequest",
    UNAUTHORIZED: "Unauthorized",
    FORBIDDEN: "Forbidden",
    NOT_FOUND: "NotFound",
    METHOD_NOT_ALLOWED: "MethodNotAllowed",
    EXPIRED: "Expired",
    UNPROCESSABLE: "Invalid",
    TOO_MANY_REQUESTS: "TooManyRequests",
    INTERNAL_ERROR: "InternalError",
    UNAVAILABLE: "ServiceUnavailable",
}

RETRY_SECONDS = 1


class RequestRefused(ScrapeOperatorError):
    """A request gets a Status instead of an answer."""

    def __init__(self, code: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = dict(details or {})
        if code in {TOO_MANY_REQUESTS, UNAVAILABLE}:
            self.details["retryAfterSeconds"] = RETRY_SECONDS

    def status(self) -> dict[str, Any]:
        """Return the Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": REASONS[self.code],
            "details": self.details,
            "code": self.code,
        }


def not_found(resource: Resource, name: str) -> RequestRefused:
    """Return the refusal of a name that does not exist."""
    details = {"name": name, "group": GROUP, "kind": resource.plural}
    return RequestRefused(NOT_FOUND, f'{resource.plural}.{GROUP} "{name}" not found', details)


def forbidden(resource: Resource, user: str, verb: str, namespace: str | None, name: str) -> RequestRefused:
    """Return the refusal of a caller without the right, worded as RBAC words it."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    what = f'{resource.plural}.{GROUP} "{name}"' if name else f"{resource.plural}.{GROUP}"
    message = (
        f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource.plural}" in API group "{GROUP}" {where}'
    )
    return RequestRefused(FORBIDDEN, message, {"name": name, "group": GROUP, "kind": resource.plural})
