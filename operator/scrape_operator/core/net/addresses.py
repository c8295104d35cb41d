"""Which IP addresses a scrape may connect to. `fetching` checks every address before it connects.

The tables follow IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, as of 2025-10). They stand here,
and not in `ipaddress`, whose answers differ between patch releases of Python.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from scrape_operator.core.errors import ScrapeOperatorError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


class BlockedAddress(ScrapeOperatorError, OSError):
    """An address that no connection may be made to. An OSError, so that connectors go on to the next address."""


NEVER_ALLOWED = frozenset(
    int(ip_address(text))
    for text in (
        "169.254.169.254",  # AWS, Google, Azure, OpenStack and others
        "169.254.170.2",  # AWS ECS task credentials
        "169.254.170.23",  # AWS EKS pod identity
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure's wire server
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS pod identity
        "fd20:ce::254",  # Google
    )
)

_DENIED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # deprecated 6to4 relays (RFC 7526)
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the limited broadcast
    )
)
_PUBLIC_V4 = tuple(IPv4Network(text) for text in ("192.0.0.9/32", "192.0.0.10/32"))

# Everything outside global unicast (RFC 4291 section 2.4) is denied, but for NAT64's well-known prefix.
_UNICAST_V6 = tuple(IPv6Network(text) for text in ("2000::/3", "64:ff9b::/96"))
_DENIED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: "N/A" in the registry
        "3fff::/20",  # documentation
    )
)
_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
    )
)

_COMPATIBLE = IPv6Network("::/96")
_MAPPED = IPv6Network("::ffff:0:0/96")
_SIIT = IPv6Network("::ffff:0:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_LOW_32 = 0xFFFF_FFFF


def check_address(ip: str, allow: Sequence[Network]) -> None:
    """Refuse an address that is neither public nor in `allow`.

    An IPv4 network in `allow` allows its addresses and their mapped form (::ffff:a.b.c.d), no other embedding.

    Raises:
        BlockedAddress: refused, or no IP address in its usual form at all.

    """
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError as error:
        raise BlockedAddress(f"{ip[:64]!r} is no IP address") from error
    embedded = list(embedded_ipv4(address)) if isinstance(address, IPv6Address) else []
    if any(int(one) in NEVER_ALLOWED for one in (address, *embedded)):
        raise BlockedAddress(f"address {address} serves a cloud's metadata, which no setting can allow")
    if isinstance(address, IPv6Address) and address in _MAPPED and _is_allowed(embedded[0], allow):
        return
    if not (_is_allowed(address, allow) or is_public(address)) or not all(is_public(one) for one in embedded):
        raise BlockedAddress(
            f"address {address} is outside the public internet: "
            "an administrator can allow its network by CIDR (SCRAPE_OPERATOR_ALLOW_CIDRS)"
        )


def is_public(address: Address) -> bool:
    """Whether the registries mark an address globally reachable, and it is unicast."""
    if isinstance(address, IPv4Address):
        return _in(address, _PUBLIC_V4) or not _in(address, _DENIED_V4)
    return _in(address, _PUBLIC_V6) or (_in(address, _UNICAST_V6) and not _in(address, _DENIED_V6))


def embedded_ipv4(address: IPv6Address) -> Iterator[IPv4Address]:
    """Return the IPv4 addresses that are embedded in an IPv6 address."""
    value = int(address)
    low = IPv4Address(value & _LOW_32)
    if address in _COMPATIBLE:
        if value > 1:  # :: and ::1 are themselves (RFC 4291 section 2.5)
            yield low
    elif _in(address, (_MAPPED, _SIIT, _NAT64)):
        yield low
    elif address in _NAT64_LOCAL:
        yield from _translated_locally(value)
    elif address in _SIX_TO_FOUR:
        yield IPv4Address(value >> 80 & _LOW_32)
    elif address in _TEREDO:  # RFC 4380 section 4: the server, and the client's address with all bits turned
        yield IPv4Address(value >> 64 & _LOW_32)
        yield IPv4Address(~value & _LOW_32)


def _translated_locally(value: int) -> Iterator[IPv4Address]:
    """Read 64:ff9b:1::/48 by each prefix length that a site may have chosen (RFC 6052 section 2.2, RFC 8215).

    A place that is not in use may hold zeros: 0.0.0.0/8 is not the address of a host.
    """
    upper, lower = value >> 64, value & 0xFFFF_FFFF_FFFF_FFFF
    places = (
        (upper & 0xFFFF) << 16 | lower >> 40 & 0xFFFF,  # /48
        (upper & 0xFF) << 24 | lower >> 32 & 0xFF_FFFF,  # /56
        lower >> 24 & _LOW_32,  # /64
        lower & _LOW_32,  # /96
    )
    taken = [place for place in places if place >> 24]
    yield from (IPv4Address(place) for place in taken or places)


def _is_allowed(address: Address, allow: Sequence[Network]) -> bool:
    return any(address in network for network in allow)


def _in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
