"""Requests and responses of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, everything filled in. `timeout` in seconds covers redirects and the last byte."""

    url: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = ()
    params: Sequence[tuple[str, str]] = ()
    timeout: float = 30.0
    max_redirects: int = 5
    max_body_bytes: int = 10 * 2**20
    success_status: Sequence[int | str] = ("2xx",)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: decoded body, final `url` after redirects without fragment."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Traffic:
    """What was sent and received so far: requests with each redirect, bytes of bodies as they were transferred.

    `http_status` is the status of the last answer, or None before the first.
    """

    requests: int = 0
    bytes: int = 0
    http_status: int | None = None
