from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.net.addresses import NEVER_ALLOWED, BlockedAddress, check_address

PUBLIC = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.1.0",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:1::1",
    "2001:1::3",
    "2001:3::1",
    "2001:4:112::1",
    "2001:20::1",
    "2001:3f:ffff::1",
    "2001:200::1",
    "2600::1",
    "2606:4700:4700::1111",
    "2620:4f:8000::1",
    "3ffe::1",
    "64:ff9b::1.1.1.1",
]
DENIED = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.11",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::1.1.1.1",
    "::ffff:1.1.1.1",
    "::ffff:10.0.0.1",
    "::ffff:0:1.1.1.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::1.1.1.1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002:101:101::1",
    "2002:7f00:1::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "8000::1",
    "fc00::1",
    "fdff::1",
    "fe00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def networks(*texts):
    return tuple(ip_network(text) for text in texts)


def is_allowed(ip, allow=()):
    try:
        check_address(ip, allow)
    except BlockedAddress:
        return False
    return True


def embeddings(address):
    """Every form that carries an IPv4 address: mapped, compatible, SIIT, NAT64, 6to4, Teredo's server and client."""
    value = int(IPv4Address(address))
    high, low = value >> 16, value & 0xFFFF
    turned = value ^ 0xFFFF_FFFF
    return {
        "mapped": f"::ffff:{address}",
        "compatible": f"::{address}",
        "SIIT": f"::ffff:0:{address}",
        "NAT64": f"64:ff9b::{address}",
        "local NAT64 /96": f"64:ff9b:1::{address}",
        "local NAT64 /96 in a subnet": f"64:ff9b:1:77:8:9:{address}",
        "local NAT64 /48": str(IPv6Address(int(IPv6Address("64:ff9b:1::")) | high << 64 | low << 40)),
        "local NAT64 /56": str(
            IPv6Address(int(IPv6Address("64:ff9b:1::")) | value >> 24 << 64 | (value & 0xFF_FFFF) << 32)
        ),
        "local NAT64 /64": str(IPv6Address(int(IPv6Address("64:ff9b:1::")) | value << 24)),
        "6to4": f"2002:{high:x}:{low:x}::1",
        "Teredo server": f"2001:0:{high:x}:{low:x}::fefe:fefe",
        "Teredo client": f"2001:0:101:101::{turned >> 16:x}:{turned & 0xFFFF:x}",
    }


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_public_address_is_allowed(ip):
    assert is_allowed(ip)


@pytest.mark.parametrize("ip", DENIED)
def test_an_address_outside_the_public_internet_is_denied(ip):
    assert not is_allowed(ip)


@pytest.mark.parametrize(
    "ip", ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "1.1.1.1.", "1.1.1.01", "a" * 999]
)
def test_what_is_no_usual_address_is_denied(ip):
    assert not is_allowed(ip, EVERYTHING)


@pytest.mark.parametrize("ip", [one for one in DENIED if "." not in one and one != "::2"])
def test_a_network_allows_its_addresses(ip):
    bare = ip.partition("%")[0]
    embeds = bare in {"2002:7f00:1::1", "2001::1"}
    assert is_allowed(ip, networks(bare)) is not embeds


def test_an_ipv4_network_allows_its_mapped_form_and_no_other():
    allow = networks("10.0.0.0/8")
    assert is_allowed("10.1.2.3", allow)
    assert {name for name, ip in embeddings("10.1.2.3").items() if is_allowed(ip, allow)} == {"mapped"}
    assert not is_allowed("::ffff:11.1.2.3", networks("10.0.0.0/8"))


def test_an_ipv6_network_does_not_allow_what_is_embedded():
    for name, ip in embeddings("10.1.2.3").items():
        assert not is_allowed(ip, networks("::/0")), name
        assert is_allowed(ip, EVERYTHING) is (name == "mapped"), name


def test_the_first_two_ipv6_addresses_embed_none():
    allow = networks("::/64")
    assert [is_allowed(ip, allow) for ip in ("::", "::1", "::2", "::3")] == [True, True, False, False]


def test_an_ipv6_network_allows_a_form_that_embeds_a_public_address():
    for name, ip in embeddings("1.1.1.1").items():
        assert is_allowed(ip, networks("::/0")), name


@pytest.mark.parametrize(
    "ip",
    [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    ],
)
def test_a_metadata_address_is_denied_whatever_is_allowed(ip):
    assert not is_allowed(ip, (*EVERYTHING, *networks(ip)))
    assert not is_allowed(f"{ip}%1", EVERYTHING)
    if ":" not in ip:
        for name, embedded in embeddings(ip).items():
            assert not is_allowed(embedded, (*EVERYTHING, *networks(ip, embedded))), name


def test_a_refusal_names_address_and_remedy():
    with pytest.raises(BlockedAddress, match=r"10\.0\.0\.1 is outside the public internet.*CIDR"):
        check_address("10.0.0.1", ())
    assert issubclass(BlockedAddress, OSError)


def test_what_is_no_address_is_shown_in_part():
    with pytest.raises(BlockedAddress, match=f"^'{'a' * 64}' is no IP address$"):
        check_address("a" * 999, ())


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_as_ipaddress_judges_it(address):
    relays = address in ip_network("192.88.99.0/24") or int(address) in NEVER_ALLOWED
    expected = address.is_global and not address.is_multicast and not relays
    if address in ip_network("192.0.0.0/24"):
        expected = str(address) in {"192.0.0.9", "192.0.0.10"}
    assert is_allowed(str(address)) is expected


@given(st.ip_addresses(v=6))
def test_only_global_unicast_and_nat64_are_ever_allowed(address):
    if is_allowed(str(address)):
        assert address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96")
        assert not address.is_multicast
        assert not address.is_link_local


@given(st.ip_addresses(v=4), st.lists(st.ip_addresses(v=4).map(lambda one: ip_network(f"{one}/32")), max_size=3))
def test_no_embedding_gets_further_than_the_address_itself(address, allow):
    if not is_allowed(str(address), allow):
        assert not any(is_allowed(ip, allow) for ip in embeddings(str(address)).values())


@given(st.ip_addresses(), st.ip_addresses(v=6), st.integers(0, 128))
def test_allowing_more_never_denies(address, other, prefix):
    network = ip_network((int(other), prefix), strict=False)
    if is_allowed(str(address)):
        assert is_allowed(str(address), (network,))
    assert ip_address(str(address)) == address
