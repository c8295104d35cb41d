"""Errors of connections and of HTTP, translated into reasons and messages.

aiohttp tells some failures only by what stands behind an error: the chain of causes is searched, the most telling
class first. No text of the server's is shown, since it may echo what was sent.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus

import aiohttp
import httpx
from aiohttp import http_exceptions

from scrape_operator.core.net.addresses import BlockedAddress
from scrape_operator.core.runs.reasons import Reason

WIRE_ERRORS = (aiohttp.ClientError, http_exceptions.HttpProcessingError, OSError, ValueError)
"""What aiohttp may raise for anything that the server or the network does; TimeoutError is an OSError."""

_MAX_DEPTH = 8

_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")
"""How OpenSSL names the alerts of the other side, by the version that has introduced them."""

_CLIENT_CERTIFICATE_REQUIRED = "CERTIFICATE_REQUIRED"
_TOO_MANY_HEADERS = "Too many headers"  # aiohttp's text; its class is that of any bad message

MAX_INTERIM_ANSWERS = 16
"""Answers of the class 1xx before the final one (RFC 9110 section 15.2)."""


class TooManyInterimAnswers(http_exceptions.BadHttpMessage):
    """A server sends interim answers without end."""


class HopFailed(httpx.RequestError):
    """One hop of a fetch failed. `message` goes on from the host's name: "refused the connection".

    `is_cut_off` says that our side ended the request too early to conclude anything about the host.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        sent: bool = True,
        is_cut_off: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.http_status = http_status
        self.retry_after = retry_after
        self.sent = sent
        self.is_cut_off = is_cut_off


def translate(error: Exception, *, secure: bool = False) -> HopFailed:
    """Return the failure that a connection error means; `secure` is whether the connection uses TLS."""
    chain = tuple(_chain(error))
    failure = _translate(chain, secure=secure)
    if any(isinstance(one, aiohttp.ClientProxyConnectionError) for one in chain):
        failure.message = f"cannot be reached, since its proxy {failure.message}"
    return failure


def _translate(chain: tuple[BaseException, ...], *, secure: bool) -> HopFailed:
    return (
        _blocked(chain)
        or _refused_by_proxy(chain)
        or _insecure(chain, secure=secure)
        or _unresolved(chain)
        or _late(chain)
        or _disconnected(chain)
        or _malformed(chain)
        or HopFailed(Reason.PROTOCOL_ERROR, "broke off the exchange", sent=_was_sent(chain))
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = [error]
    for current in seen:  # grows while it is walked
        yield current
        behind = (getattr(current, "os_error", None), current.__cause__, current.__context__)
        seen.extend(
            one for one in behind if isinstance(one, BaseException) and one not in seen and len(seen) < _MAX_DEPTH
        )


def _was_sent(chain: tuple[BaseException, ...]) -> bool:
    return not any(isinstance(one, aiohttp.ClientConnectorError | aiohttp.InvalidURL) for one in chain)


def _blocked(chain: tuple[BaseException, ...]) -> HopFailed | None:
    for one in chain:
        if isinstance(one, BlockedAddress):
            return HopFailed(Reason.BLOCKED_ADDRESS, f"is refused: {one}", sent=False)
    return None


def _refused_by_proxy(chain: tuple[BaseException, ...]) -> HopFailed | None:
    for one in chain:
        if isinstance(one, aiohttp.ClientHttpProxyError):
            is_login = one.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
            reason = Reason.AUTH_FAILED if is_login else Reason.CONNECT_ERROR
            return HopFailed(reason, f"cannot be reached, since its proxy answered {one.status}", sent=False)
    return None


def _insecure(chain: tuple[BaseException, ...], *, secure: bool) -> HopFailed | None:
    sent = _was_sent(chain)
    for one in chain:
        why = getattr(one, "verify_message", None)  # aiohttp's own classes derive from ssl's, without its fields
        if why:
            return HopFailed(Reason.TLS_ERROR, f"has a certificate that is refused: {why}", sent=sent)
        what = getattr(one, "reason", None) if isinstance(one, ssl.SSLError) else None
        if what:
            return HopFailed(Reason.TLS_ERROR, _tls_message(str(what)), sent=sent)
    # a name is resolved and connected to before TLS begins: what is reset then is the handshake
    handshake = secure and not sent and any(isinstance(one, ConnectionResetError) for one in chain)
    if handshake or any(isinstance(one, ssl.SSLError | aiohttp.ClientSSLError) for one in chain):
        return HopFailed(Reason.TLS_ERROR, "broke off the TLS handshake", sent=sent)
    return None


def _tls_message(reason: str) -> str:
    """Return the message for a reason of OpenSSL: an alert of the other side, or what this side could not read."""
    alert = _ALERT.fullmatch(reason)
    if alert is None:
        return f"does not speak TLS: {_words(reason)}"
    message = f"refused the TLS connection: {_words(alert[1])}"
    if alert[1] == _CLIENT_CERTIFICATE_REQUIRED:
        return f"{message}: name a Secret with a client certificate in http.tls.certSecretRef"
    return message


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower()


def _unresolved(chain: tuple[BaseException, ...]) -> HopFailed | None:
    for one in chain:
        if isinstance(one, aiohttp.ClientConnectorDNSError | socket.gaierror):
            return HopFailed(Reason.DNS_ERROR, "is a name that DNS does not know, or has no answer for", sent=False)
    return None


def _late(chain: tuple[BaseException, ...]) -> HopFailed | None:
    for one in chain:
        handshake = isinstance(one, ConnectionAbortedError) and one.errno is None  # asyncio's own, after 60 s
        if isinstance(one, TimeoutError) or handshake:
            return HopFailed(Reason.TIMEOUT, "did not answer in time", sent=_was_sent(chain))
    return None


def _disconnected(chain: tuple[BaseException, ...]) -> HopFailed | None:
    sent = _was_sent(chain)
    for one in chain:
        if isinstance(one, ConnectionRefusedError):
            return HopFailed(Reason.CONNECT_ERROR, "refused the connection", sent=sent)
        # a reset in the middle of a body is known to aiohttp's text alone
        payload = isinstance(one, aiohttp.ClientPayloadError) and "ConnectionResetError(" in str(one)
        if payload or isinstance(one, ConnectionResetError | BrokenPipeError):
            return HopFailed(Reason.CONNECT_ERROR, "reset the connection", sent=sent)
    for one in chain:
        if isinstance(one, aiohttp.ClientConnectorError):
            what = one.os_error.strerror or "no route or no answer"
            return HopFailed(Reason.CONNECT_ERROR, f"cannot be reached: {what}", sent=False)
    if any(isinstance(one, aiohttp.ServerDisconnectedError) for one in chain):
        return HopFailed(Reason.PROTOCOL_ERROR, "closed the connection without an answer")
    if isinstance(chain[0], OSError):
        return HopFailed(Reason.CONNECT_ERROR, f"lost the connection: {chain[0].strerror or 'no reason given'}")
    return None


_TOO_MUCH_HEADER = "sent too much header"
_MALFORMED: tuple[tuple[type[BaseException], str], ...] = (
    (TooManyInterimAnswers, f"sent more than {MAX_INTERIM_ANSWERS} interim answers (1xx)"),
    (http_exceptions.LineTooLong, _TOO_MUCH_HEADER),
    (http_exceptions.BadStatusLine, "sent no HTTP status line"),
    (http_exceptions.TransferEncodingError, "broke off or garbled its chunks"),
    (http_exceptions.ContentLengthError, "ended the body before its announced length"),
    (http_exceptions.InvalidHeader, "sent a header that cannot be read"),
    (aiohttp.ClientPayloadError, "broke off the body"),
    (aiohttp.ClientResponseError, "sent an answer that is not HTTP"),
    (http_exceptions.HttpProcessingError, "sent an answer that is not HTTP"),
)


def _malformed(chain: tuple[BaseException, ...]) -> HopFailed | None:
    if any(isinstance(one, aiohttp.InvalidURL) for one in chain):
        return HopFailed(Reason.INVALID_SPEC, "is not a valid address", sent=False)
    if any(isinstance(one, http_exceptions.BadHttpMessage) and _TOO_MANY_HEADERS in one.message for one in chain):
        return HopFailed(Reason.PROTOCOL_ERROR, _TOO_MUCH_HEADER)
    for class_, what in _MALFORMED:
        if any(isinstance(one, class_) for one in chain):
            return HopFailed(Reason.PROTOCOL_ERROR, what)
    return None
