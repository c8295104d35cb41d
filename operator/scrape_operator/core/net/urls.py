"""The web addresses that may be requested: parsed once, then carried to the socket.

Stricter than RFC 3986 on purpose. A text that two parsers could read as two hosts is refused. So policies, budgets and
the socket always mean the same host.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote

import idna
from yarl import URL

from scrape_operator.core.errors import InvalidValue

MAX_URL_LENGTH = 2048
MAX_HOP_LENGTH = 8192
MAX_HOST_LENGTH = 253
MAX_PORT = 65_535

_NO_HOST = "the URL has no valid host and port: write it as https://host:8080/path"
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_AUTHORITY = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[1-9][0-9]{0,4}))?", re.ASCII
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_USER_INFO = re.compile(r"//[^/?#]*@")
_TARGET_SAFE = "/?%:@!$&'()*+,;=~-._"


def check_http_url(text: str) -> None:
    """Check an address that a user wrote: http or https, at most 2048 characters.

    Raises:
        InvalidValue: the message says what is wrong and how to write it, and never repeats the address.

    """
    if len(text) > MAX_URL_LENGTH:
        raise InvalidValue(f"the URL has {len(text)} characters: at most {MAX_URL_LENGTH} are allowed")
    parse_http_url(text)


@lru_cache(1024)
def parse_http_url(text: str) -> URL:
    """Return an address as it is sent: host in lower-case ASCII, no default port, no fragment.

    Path and query are percent-encoded and keep the escapes that were written.

    Raises:
        InvalidValue: it is no http or https address, or its host could be read in more than one way.

    """
    if len(text) > MAX_HOP_LENGTH:
        raise InvalidValue(f"the URL has {len(text)} characters: at most {MAX_HOP_LENGTH} are allowed")
    if not text.isprintable() or " " in text or "\\" in text:
        raise InvalidValue("the URL holds a space, a backslash or a control character: percent-encode it")
    url = _split(text)
    if url.scheme not in _DEFAULT_PORTS:
        raise InvalidValue("the URL does not begin with http:// or https://: write it as https://host/path")
    return URL.build(
        scheme=url.scheme,
        authority=_authority(url.scheme, url.raw_authority),
        path=quote(url.raw_path or "/", safe=_TARGET_SAFE),
        query_string=quote(url.raw_query_string, safe=_TARGET_SAFE),
        encoded=True,
    )


def resolve_location(base: URL, location: str) -> URL:
    """Return the address that a Location header means, relative to the one that sent it (RFC 9110 section 10.2.2).

    Spaces inside are percent-encoded, as browsers do.

    Raises:
        InvalidValue: it leads to no http or https address.

    """
    text = location.strip(" \t").replace(" ", "%20")
    if len(text) > MAX_HOP_LENGTH or not text.isprintable():  # before yarl, which drops line breaks and tabs
        raise InvalidValue(f"the URL is longer than {MAX_HOP_LENGTH} characters, or holds a control character")
    url = _split(text)
    return parse_http_url(text if url.scheme else _joined(base, url))


def with_params(url: URL, params: Sequence[tuple[str, str]]) -> URL:
    """Return an address with names and values appended to its query, percent-encoded."""
    if not params:
        return url
    pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
    query = url.raw_query_string
    return URL(f"{url}{'&' if query else '?'}{pairs}", encoded=True)


def requested_address(text: str, params: Sequence[tuple[str, str]]) -> str:
    """Return an address as it is requested, with these parameters, or the text itself if it is no valid address."""
    try:
        return str(with_params(parse_http_url(text), params))
    except InvalidValue:  # the fetcher refuses it
        return text


def split_user_info(text: str) -> tuple[str, str | None]:
    """Return the address of a proxy without its `user:password@`, and that pair; None if it has none."""
    scheme, separator, rest = text.partition("://")
    pair, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{host}", pair if at else None


def without_user_info(text: str) -> str:
    """Return an address, whatever its form is, without what may be a user name and a password."""
    return _USER_INFO.sub("//", text, count=1)


def authority_of(url: URL) -> str:
    """Return the host, and the port if it is not the default of the scheme: the Host header, and what messages name."""
    return url.host_port_subcomponent or ""


def origin_of(url: URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port: two addresses with equal ones are of one origin (RFC 6454 section 5)."""
    return url.scheme, url.raw_host or "", url.port


def _split(text: str) -> URL:
    try:
        return URL(text, encoded=True)
    except (ValueError, IndexError) as error:
        raise InvalidValue(_NO_HOST) from error


def _joined(base: URL, url: URL) -> str:
    try:
        return str(base.join(url))
    except ValueError as error:  # yarl reads the port of //host:port only here
        raise InvalidValue(_NO_HOST) from error


@lru_cache(1024)
def _authority(scheme: str, text: str) -> str:
    if "@" in text:
        raise InvalidValue("the URL holds a user name or password: use auth with a Secret instead")
    match, default = _AUTHORITY.fullmatch(text), _DEFAULT_PORTS[scheme]
    if match is None or int(port := match["port"] or default) > MAX_PORT:
        raise InvalidValue(_NO_HOST)
    host = _named_host(match["name"]) if match["name"] else _ipv6_host(match["ipv6"])
    return host if port == default else f"{host}:{port}"


def _ipv6_host(text: str) -> str:
    try:
        return f"[{IPv6Address(text)}]"
    except AddressValueError as error:
        raise InvalidValue("the URL's host is not an IPv6 address: write it as [2001:db8::1]") from error


def _named_host(text: str) -> str:
    """Return an IPv4 address or a name in lower-case ASCII.

    A host whose last label is a number is an IPv4 address to some resolvers, whatever its spelling
    (WHATWG URL, section 3.5, "ends in a number"): only four decimal numbers are accepted as one.
    """
    host = text.lower() if text.isascii() else _to_ascii(text)
    if len(host) > MAX_HOST_LENGTH or _NAME.fullmatch(host) is None:
        raise InvalidValue("the URL's host is not a DNS name: use letters, digits, hyphens and dots, no dot at its end")
    if _ENDS_IN_NUMBER.fullmatch(host) and not (text.isascii() and _IPV4.fullmatch(host)):
        raise InvalidValue(
            "the URL's host is an unusual form of an IP address: write four decimal numbers, as 192.0.2.1"
        )
    return host


def _to_ascii(text: str) -> str:
    """Apply UTS 46 and IDNA 2008, as browsers do."""
    try:
        return idna.encode(text, uts46=True).decode("ascii").lower()
    except UnicodeError as error:
        raise InvalidValue(
            "the URL's host is not an internationalized name (IDNA 2008): write its xn-- form"
        ) from error
