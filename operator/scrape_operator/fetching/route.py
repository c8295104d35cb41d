"""How a request reaches its server where that is not the usual way: own TLS settings, a proxy."""

import ssl
from dataclasses import dataclass

from yarl import URL


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and the credentials for it, which no other server sees: the value of Proxy-Authorization."""

    url: URL
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`ssl_context` and `server_name` replace the default trust and the host's name; both are None by default."""

    ssl_context: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: Proxy | None = None

    def for_other_origin(self) -> "Route":
        """Return the way to other servers: they see no client certificate, but the proxy stays."""
        return Route(proxy=self.proxy)


DIRECT = Route()
