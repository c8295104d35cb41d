"""The one vocabulary of reasons, shared by errors, conditions, Events, metric labels and rows."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a run, a target or a condition is as it is. The text is what users see everywhere."""

    SUCCEEDED = "Succeeded"
    NOT_MODIFIED = "NotModified"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    TIMEOUT = "Timeout"
    CONNECT_ERROR = "ConnectError"
    TLS_ERROR = "TLSError"
    DNS_ERROR = "DNSError"
    HTTP_STATUS = "HTTPStatus"
    RATE_LIMITED = "RateLimited"
    BLOCKED = "Blocked"
    BLOCKED_ADDRESS = "BlockedAddress"
    PROTOCOL_ERROR = "ProtocolError"
    REDIRECT_ERROR = "RedirectError"
    ROBOTS_DISALLOWED = "RobotsDisallowed"
    TOO_LARGE = "TooLarge"
    DECODE_ERROR = "DecodeError"
    EXTRACTION_ERROR = "ExtractionError"
    SELECTOR_MISSED = "SelectorMissed"
    EXPECTATION_FAILED = "ExpectationFailed"
    AUTH_FAILED = "AuthFailed"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 -- a reason, no secret
    PLATFORM_CHANGED = "PlatformChanged"
    POLICY_DENIED = "PolicyDenied"
    POLICY_NOT_FOUND = "PolicyNotFound"
    BUDGET_EXHAUSTED = "BudgetExhausted"
    INVALID_SPEC = "InvalidSpec"
    STORE_UNAVAILABLE = "StoreUnavailable"
    SKIPPED_OVERLAP = "SkippedOverlap"
    SKIPPED_WINDOW = "SkippedWindow"
    MISSED_DEADLINE = "MissedDeadline"
    REPLACED = "Replaced"
    CANCELED = "Canceled"
    SHUTDOWN = "Shutdown"
    ORPHANED = "Orphaned"
    INTERNAL_ERROR = "InternalError"


OUTAGES = frozenset({Reason.CONNECT_ERROR, Reason.DNS_ERROR, Reason.TLS_ERROR, Reason.TIMEOUT, Reason.PROTOCOL_ERROR})
"""No whole answer came. The status of an answer, if there is one, is of a request before, or of an answer cut short."""
