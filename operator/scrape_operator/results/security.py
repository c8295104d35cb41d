"""Puts together who may ask the results API, and how it identifies itself. The listener is started with these parts."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from scrape_operator.cluster.access_reviews import ClusterAccessReviews
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.config_maps import follow_config_map
from scrape_operator.cluster.serving_certificate import ClusterServingCertificate
from scrape_operator.core.ports import Clock
from scrape_operator.results.authorization import GROUP, VERSION, Authorizer
from scrape_operator.results.certificates import MountedCertificate, OwnCertificate
from scrape_operator.results.front_proxy import CONFIG_MAP, CONFIG_MAP_NAMESPACE, FrontProxy
from scrape_operator.results.trust import ListenerContext

API_SERVICE = f"{VERSION}.{GROUP}"


class Security:
    """The parts of one process.

    `service` is the namespace and the name of the Service that the API server calls. Its certificate is kept in the
    Secret `<name>-tls` of that namespace, or is read from `certificate_dir`.
    """

    def __init__(
        self, client: ClusterClient, clock: Clock, *, service: tuple[str, str], certificate_dir: Path | None = None
    ) -> None:
        namespace, name = service
        self._client = client
        self.context = ListenerContext()
        """What to listen with, after `wait_until_ready`."""
        self.front_proxy = FrontProxy(self.context.use_authorities)
        self.authorizer = Authorizer(ClusterAccessReviews(client), clock)
        self._certificate: OwnCertificate | MountedCertificate
        if certificate_dir is None:
            place = ClusterServingCertificate(
                client, namespace=namespace, secret=f"{name}-tls", api_service=API_SERVICE
            )
            self._certificate = OwnCertificate(self.context, place, clock, namespace=namespace, service=name)
        else:
            self._certificate = MountedCertificate(self.context, certificate_dir)

    def tasks(self) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what must run all the time, by name."""
        return {"results certificate": self._certificate.run, "results front proxy": self._follow_front_proxy}

    def problems(self) -> Sequence[str]:
        """Return why requests cannot be answered, one line each."""
        found = []
        if not self.context.certificate_given.is_set():
            found.append("results API: there is no certificate yet")
        if not self.front_proxy.configured.is_set():
            found.append(f"results API: ConfigMap {CONFIG_MAP_NAMESPACE}/{CONFIG_MAP} is not read yet, or is unusable")
        return found

    async def wait_until_ready(self) -> None:
        """Wait until requests can be answered: a listener that opened before would refuse the API server."""
        await self.context.certificate_given.wait()
        await self.front_proxy.configured.wait()

    async def _follow_front_proxy(self) -> None:
        async for data in follow_config_map(self._client, CONFIG_MAP_NAMESPACE, CONFIG_MAP):
            self.front_proxy.configure(data)
