"""Requests to the results API as they are spelled: through the API server, and past it to the listener."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dev.controlplane.connection import Cluster
from tests.support.certificates import Issued

GROUP, VERSION = "results.scrape-operator.dev", "v1alpha1"
BASE = f"/apis/{GROUP}/{VERSION}"

Headers = Sequence[tuple[str, str]]

TRICKS = [
    "{a}/../{b}/scraperuns",
    "{a}/..%2F{b}/scraperuns",
    "{a}/%2e%2e/{b}/scraperuns",
    "{a}%2f..%2f{b}/scraperuns",
    "{a}//../{b}/scraperuns",
    "{b}/scraperuns/",
    "{a}/scraperuns/../../{b}/scraperuns",
    "{a}/scraperuns/%2e%2e%2f%2e%2e%2f{b}%2fscraperuns",
    "{a}/scraperuns;/../../{b}/scraperuns",
    "{b}/SCRAPERUNS",
    "{b}/scraperuns?namespace={a}",
    "{a}/scraperuns?fieldSelector=metadata.namespace%3D{b}",
]
"""Paths after `/namespaces/` by which somebody who may read namespace a tries to read namespace b."""


@dataclass(frozen=True)
class Answer:
    """What an HTTP request got; a watch is cut off after its head."""

    status: int
    body: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def holds_nothing_of(self, namespace: str) -> bool:
        """Whether it is a refusal or an empty list, and names no object of a namespace."""
        is_empty = self.status in {301, 400, 403, 404} or (self.status == 200 and not self.json["items"])
        return is_empty and f'"namespace":"{namespace}"' not in self.body.replace(": ", ":")


@dataclass(frozen=True)
class Listener:
    """Where the results API listens on this machine, by which name, and by which CA it is known."""

    port: int
    name: str
    authority: str

    def ask(
        self, path: str, folder: Path, *, method: str = "GET", headers: Headers = (), certificate: Issued | None = None
    ) -> Answer:
        """Ask past the API server, as who reaches the pod's port; the certificate is written into the folder."""
        context = ssl.create_default_context(cadata=self.authority)
        if certificate:
            context.load_cert_chain(*certificate.write(folder, "client"))
        return _request(context, self.port, self.name, method, path, headers)


def ask_cluster(cluster: Cluster, path: str, *, method: str = "GET", headers: Headers = ()) -> Answer:
    """Ask through the API server as administrator, or as whom headers impersonate."""
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    token = ("Authorization", f"Bearer {cluster.token}")
    return _request(context, int(cluster.url.rpartition(":")[2]), "127.0.0.1", method, path, [token, *headers])


def impersonating(caller: Mapping[str, Any]) -> Headers:
    """Return the headers with which an administrator asks as somebody else."""
    return [("Impersonate-User", caller["user"]), *(("Impersonate-Group", group) for group in caller["groups"])]


def named_by_proxy(caller: Mapping[str, Any]) -> Headers:
    """Return the headers with which the front proxy names a caller."""
    return [("X-Remote-User", caller["user"]), *(("X-Remote-Group", group) for group in caller["groups"])]


def _request(context: ssl.SSLContext, port: int, name: str, method: str, path: str, headers: Headers) -> Answer:
    """Send one request on a connection of its own; `name` is whom the certificate must name."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        connection = http.client.HTTPConnection(name)
        connection.sock = secured
        connection.putrequest(method, path, skip_accept_encoding=True)
        for header, value in [("Accept", "application/json"), ("Connection", "close"), *headers]:
            connection.putheader(header, value)
        connection.endheaders()
        answer = connection.getresponse()
        is_watch = answer.status == http.HTTPStatus.OK and "watch=true" in path
        return Answer(answer.status, "" if is_watch else answer.read().decode())
