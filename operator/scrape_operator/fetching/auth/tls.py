"""TLS options of a target: own roots, a client certificate."""

import os
import ssl
import tempfile
from functools import lru_cache
from typing import IO

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import TLSOptions
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.auth.secrets import SecretValues
from scrape_operator.fetching.transport import default_ssl_context

_KEPT_CONTEXTS = 128  # one per content, so that connections are used again; costs 20 ms with the default roots


def ssl_context_of(options: TLSOptions, secrets: SecretValues) -> ssl.SSLContext | None:
    """Return the context for the options of a target, or None where the default one fits.

    Raises:
        ScrapeFailed: TLSError; a certificate or key of a Secret cannot be used.

    """
    roots = secrets.content(options.ca_secret, "ca.crt") if options.ca_secret is not None else None
    pair = None
    if options.certificate_secret is not None:
        pair = tuple(secrets.content(options.certificate_secret, key) for key in ("tls.crt", "tls.key"))
    if roots is None and pair is None:
        return None
    try:
        return _context(roots, pair)
    except (ssl.SSLError, ValueError) as error:
        names = " or ".join(filter(None, (options.ca_secret, options.certificate_secret)))
        message = f"Secret {names} holds no usable certificate and key in PEM form"
        raise ScrapeFailed(Reason.TLS_ERROR, message) from error


@lru_cache(_KEPT_CONTEXTS)
def _context(roots: bytes | None, pair: tuple[bytes, ...] | None) -> ssl.SSLContext:
    if roots is None:
        context = default_ssl_context()
    else:
        text = roots.decode("ascii")
        if not text.strip():  # without any data ssl loads the system's roots
            raise ValueError("no certificate")
        context = ssl.create_default_context(cadata=text)
        context.set_alpn_protocols(["http/1.1"])
    if pair is not None:
        _load_pair(context, *pair)
    return context


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load a certificate and its key; ssl reads them from a file only, which on Linux is in memory alone."""
    with _open_private_file() as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        path = file.name if isinstance(file.name, str) else f"/proc/self/fd/{file.fileno()}"
        context.load_cert_chain(path, password=_refuse_password)


def _open_private_file() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("certificate"), "wb")
    return tempfile.NamedTemporaryFile()


def _refuse_password() -> str:
    raise ValueError("the key is encrypted")
