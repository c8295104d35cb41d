"""How to reach the API server: by the pod's ServiceAccount, else by the current kubeconfig context.

`watching` passes them to kopf, `cluster.client` uses them itself. They are read again every few minutes, since tokens
of ServiceAccounts rotate.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from yaml import YAMLError

from scrape_operator.core.errors import ClusterError


@dataclass(frozen=True, slots=True)
class Credentials:
    """A server and how to authenticate. Paths are files; `authorization` is the header's value, such as `Bearer …`."""

    server: str
    ca_path: str | None
    certificate_path: str | None
    private_key_path: str | None
    authorization: str | None
    verify: bool = True

    def __repr__(self) -> str:
        return f"Credentials(server={self.server!r})"

    def ssl_context(self) -> ssl.SSLContext:
        """Return the TLS context: the cluster's CA, and the client certificate where there is one."""
        context = ssl.create_default_context(cafile=self.ca_path)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate_path:
            context.load_cert_chain(self.certificate_path, self.private_key_path)
        return context


async def load_credentials() -> Credentials:
    """Read the credentials in a thread (a kubeconfig may run an exec plugin).

    Raises:
        ClusterError: neither a ServiceAccount nor a usable kubeconfig was found.

    """
    return await asyncio.to_thread(read_credentials)


def read_credentials() -> Credentials:
    """Read the credentials. Blocks.

    Raises:
        ClusterError: neither a ServiceAccount nor a usable kubeconfig was found.

    """
    from kubernetes import client as kubernetes_client
    from kubernetes import config as kubernetes_config

    # The official client has no types.
    load_in_cluster = cast("Callable[..., None]", kubernetes_config.load_incluster_config)
    load_kubeconfig = cast("Callable[..., None]", kubernetes_config.load_kube_config)
    configuration = kubernetes_client.Configuration()
    try:
        load_in_cluster(client_configuration=configuration, try_refresh_token=False)
    except kubernetes_config.ConfigException:
        try:
            load_kubeconfig(client_configuration=configuration, persist_config=False)
        except (kubernetes_config.ConfigException, OSError, ValueError) as error:
            raise ClusterError(
                f"no credentials for the API server: run in a pod, or set KUBECONFIG ({error})"
            ) from error
        except (YAMLError, TypeError, AttributeError, KeyError):
            # neither the error's text nor its traceback is shown: it quotes the file, which holds a token
            raise ClusterError("no credentials for the API server: the kubeconfig file cannot be read") from None
    return Credentials(
        server=configuration.host.rstrip("/"),
        ca_path=configuration.ssl_ca_cert,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        authorization=configuration.get_api_key_with_prefix("BearerToken", alias="authorization"),
        verify=configuration.verify_ssl,
    )
