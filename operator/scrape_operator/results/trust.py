"""The TLS of the listener: the certificate that it shows and the CAs of clients, both replaced while it serves."""

import asyncio
import secrets
import ssl
import tempfile
from pathlib import Path
from typing import Any, Self

from scrape_operator.results.authority import encrypted_key


class ListenerContext(ssl.SSLContext):
    """What a listener is started with. Each handshake uses the certificate and CAs of its moment.

    A context cannot forget a CA, so a change makes a new one. Connections that are open keep theirs.
    """

    # asyncio demands an SSLContext, and calls `wrap_bio` for each connection.
    def __new__(cls) -> Self:
        """Create it for the server's side."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self) -> None:
        super().__init__()
        self._certificate = b""
        self._key = b""
        self._authorities = ""
        self._current: ssl.SSLContext | None = None
        self.certificate_given = asyncio.Event()
        """Before this is set, no handshake succeeds."""

    def use_certificate(self, certificate: bytes, key: bytes) -> None:
        """Show this certificate from the next handshake on.

        Raises:
            ValueError: They are unreadable or do not belong together; the certificate before stays in use.

        """
        if (certificate, key) != (self._certificate, self._key):
            self._current = server_context(certificate, key, self._authorities)
            self._certificate, self._key = certificate, key
            self.certificate_given.set()

    def use_authorities(self, authorities: str) -> None:
        """Ask clients for certificates of these CAs (PEM) from the next handshake on."""
        self._authorities = authorities
        if self._certificate:
            self._current = server_context(self._certificate, self._key, authorities)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Begin a handshake.

        Raises:
            ssl.SSLError: There is no certificate yet.

        """
        if self._current is None:
            raise ssl.SSLError("there is no certificate yet")
        return self._current.wrap_bio(*args, **options)


def server_context(certificate: bytes, key: bytes, authorities: str) -> ssl.SSLContext:
    """Return the context of a server that accepts clients without a certificate, and no certificate of other CAs.

    Raises:
        ValueError: Certificate and key are unreadable or do not belong together.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # A resumed session would keep the verdict on a client's certificate longer than the connection.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    try:
        _load(context, certificate, key)
    except (ssl.SSLError, TypeError) as error:
        raise ValueError(f"the certificate cannot be used: {error}") from error
    if authorities:
        context.load_verify_locations(cadata=authorities)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load certificate and key. OpenSSL reads them from files only, so the key is encrypted on its way there."""
    password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tls.crt"), Path(folder, "tls.key")
        path[0].write_bytes(certificate)
        path[1].write_bytes(encrypted_key(key, password.encode()))
        context.load_cert_chain(*path, password=password)
