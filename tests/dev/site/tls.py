"""The TLS side of the demo site: an authority, a certificate of the server, and one for clients, all made at its start.

The server's certificate is for SERVER_NAME alone, so clients that use the address need `tls.serverName`.
"""

import ssl
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.certificates import Authority, Issued

SERVER_NAME = "shop.example"
CLIENT_NAME = "ada"
CA_SECRET = "mtls-ca"
CLIENT_SECRET = "mtls"


class Certificates:
    """The certificates of all demo sites of a process, so that what was given to an operator stays valid."""

    def __init__(self) -> None:
        self.authority = Authority("demo shop authority")
        self._server = self.authority.issue(SERVER_NAME, SERVER_NAME)
        self._client = self.authority.issue(CLIENT_NAME)

    def server_context(self) -> ssl.SSLContext:
        """Return the context of a server that only clients with a certificate of the authority may talk to."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.authority.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        _load(context, self._server)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return the context of a client that may talk to that server."""
        context = ssl.create_default_context(cadata=self.authority.pem.decode())
        _load(context, self._client)
        return context

    def secrets(self) -> list[dict[str, Any]]:
        """Return the Secrets that the sample `mtls` refers to."""
        pair = {"tls.crt": self._client.certificate.decode(), "tls.key": self._client.key.decode()}
        return [
            _secret(CA_SECRET, "Opaque", {"ca.crt": self.authority.pem.decode()}),
            _secret(CLIENT_SECRET, "kubernetes.io/tls", pair),
        ]

    def write(self, folder: Path) -> None:
        """Write ca.crt, tls.crt and tls.key, for `kubectl create secret`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.authority.write(folder / "ca.crt")
        self._client.write(folder, "tls")


@cache
def certificates() -> Certificates:
    """Return the certificates of this process."""
    return Certificates()


def _load(context: ssl.SSLContext, issued: Issued) -> None:
    with TemporaryDirectory() as folder:
        context.load_cert_chain(*issued.write(Path(folder), "tls"))


def _secret(name: str, kind: str, content: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "stringData": content}
