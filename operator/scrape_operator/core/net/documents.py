"""Requests and responses of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_VALIDATOR_LENGTH = 1024

NO_CONTENT = frozenset({204, 205})
"""Statuses whose answers have no content, whatever is sent with them (RFC 9110 sections 15.3.5 and 15.3.6)."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server issued to recognize the version of a document (RFC 9110 section 8.8); empty where it did not.

    `url` is the address that answered, after redirects.
    """

    url: str
    etag: str = ""
    last_modified: str = ""


class Purpose(StrEnum):
    """What a request is sent for."""

    TARGET = "target"
    ROBOTS = "robots.txt"
    OAUTH2 = "oauth2"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, everything filled in. `timeout` in seconds covers redirects and the last byte.

    With `validators` the request is conditional: they are sent to the address that issued them, and the answer 304 is
    a success (`Response.is_not_modified`). With `ignores_body` the answer is its status: its body is not read, and the
    connection is closed. With `is_body_cut` a body that exceeds `max_body_bytes` is cut instead of refused.
    """

    url: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    params: Sequence[tuple[str, str]] = ()
    timeout: float = 30.0
    max_redirects: int = 5
    max_body_bytes: int = 10 * 2**20
    success_status: Sequence[int | str] = ("2xx",)
    body: bytes = b""
    validators: Validators | None = None
    ignores_body: bool = False
    is_body_cut: bool = False
    purpose: Purpose = Purpose.TARGET


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Response:
    """A whole answer: decoded body, final `url` after redirects without fragment.

    `is_not_modified` is true where a conditional request was answered with 304: what was read last time still holds.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_not_modified: bool = False

    @property
    def validators(self) -> Validators | None:
        """The validators to send with the next request, or None where the server issued none."""
        etag, last_modified = (self._short_header(name) for name in ("etag", "last-modified"))
        return Validators(self.url, etag, last_modified) if etag or last_modified else None

    def _short_header(self, name: str) -> str:
        value = self.headers.get(name, "")
        return value if len(value) <= MAX_VALIDATOR_LENGTH else ""


@dataclass(slots=True)
class Traffic:
    """What was sent and received so far: requests with each redirect, bytes of bodies as they were transferred.

    `http_status` is the status of the last answer, or None before the first.
    """

    requests: int = 0
    bytes: int = 0
    http_status: int | None = None
