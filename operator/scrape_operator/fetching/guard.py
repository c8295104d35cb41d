"""The guard at the socket: no connection is made to an address that the rule in `core.addresses` denies.

`transport` gives both parts to aiohttp's connector. The resolver drops the denied ones of a name's addresses; the
socket factory sees every address right before it is connected to, also those that no resolver saw.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from scrape_operator.core.net.addresses import BlockedAddress, Network, check_address

RESOLVER_THREADS = 32
MAX_ADDRESSES = 8


def guarded_sockets(allow: Sequence[Network]) -> Callable[[AddrInfoType], socket.socket]:
    """Make the socket factory of a connector; the factory raises BlockedAddress."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        check_address(str(address[0]), allow)
        return socket.socket(family, kind, protocol)

    return make


class GuardedResolver(AbstractResolver):
    """Resolves names by the system's resolver and gives what may be connected to, at most eight addresses.

    It has threads of its own: a name whose servers do not answer holds one for some seconds, and no other work
    should wait behind it.
    """

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = allow
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            BlockedAddress: it has addresses, but none that is allowed.
            OSError: it has none, or they could not be found out.

        """
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        infos = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        allowed: list[ResolveResult] = []
        blocked: BlockedAddress | None = None
        for found_family, _, protocol, _, address in infos:
            try:
                check_address(str(address[0]), self._allow)
            except BlockedAddress as error:
                blocked = blocked or error
                continue
            allowed.append(_result(host, port, found_family, protocol, str(address[0])))
        if blocked is not None and not allowed:
            raise blocked
        return allowed[:MAX_ADDRESSES]

    async def close(self) -> None:
        """Stop without waiting for the threads, whose answers are not needed any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _result(host: str, port: int, family: int, protocol: int, address: str) -> ResolveResult:
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=protocol, flags=numeric)
