"""What an address on the web may look like. `api` checks specs with it, `fetching` every hop before it connects.

Stricter than RFC 3986 on purpose: a text that two parsers could read as two hosts is refused, so that policies,
budgets and the socket always speak of the same host.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, urljoin

import idna

from scrape_operator.core.errors import InvalidValue

MAX_URL_LENGTH = 2048
MAX_HOP_LENGTH = 8192
MAX_HOST_LENGTH = 253

DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BRACKETED = re.compile(r"\[(?P<host>[0-9A-Fa-f:.]+)\](?P<port>:.*)?")
_PORT = re.compile(r":[1-9][0-9]{0,4}")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_MANY_HOSTS = 1024  # few are asked again and again, by many schedules
_TARGET_SAFE = "/?%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """An address as it is sent: lower-case ASCII host (IPv6 in brackets), a port, and path with query.

    `target` is percent-encoded and keeps the escapes that were written; there is no fragment.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Give host, and port where it is not the scheme's own: the Host header, and what messages name."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Give scheme, host and port: two addresses with equal ones are of one origin (RFC 6454 section 5)."""
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def with_params(self, params: Sequence[tuple[str, str]]) -> "HttpUrl":
        """Append names and values to the query, percent-encoded."""
        if not params:
            return self
        pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
        joint = "" if self.target.endswith(("?", "&")) else "&" if "?" in self.target else "?"
        return HttpUrl(self.scheme, self.host, self.port, f"{self.target}{joint}{pairs}")


def check_http_url(text: str) -> None:
    """Check an address that a user wrote: http or https, at most 2048 characters.

    Raises:
        InvalidValue: saying what is wrong and how to write it.

    """
    parse_http_url(text, max_length=MAX_URL_LENGTH)


def parse_http_url(text: str, *, max_length: int = MAX_HOP_LENGTH) -> HttpUrl:
    """Read an address; the fragment is dropped.

    Raises:
        InvalidValue: it is none, or its host could be read in more than one way.

    """
    if len(text) > max_length:
        raise InvalidValue(f"the URL has {len(text)} characters: at most {max_length} are allowed")
    if not text.isprintable() or " " in text or "\\" in text:
        raise InvalidValue("the URL holds a space, a backslash or a control character: percent-encode it")
    match = _URL.fullmatch(text)
    if match is None:
        raise InvalidValue("the URL is not absolute: write it as https://host/path")
    scheme = match["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise InvalidValue("the URL's scheme is neither http nor https: write it as https://host/path")
    host, port = _split_authority(match["authority"])
    target = quote((match["path"] or "/") + (match["query"] or ""), safe=_TARGET_SAFE)
    return HttpUrl(scheme, host, port or DEFAULT_PORTS[scheme], target)


def resolve_location(base: HttpUrl, location: str) -> HttpUrl:
    """Read a Location header against the address that sent it (RFC 9110 section 10.2.2).

    Spaces inside are percent-encoded, as browsers do.

    Raises:
        InvalidValue: it leads to no http or https address.

    """
    if len(location) > MAX_HOP_LENGTH:
        raise InvalidValue(f"the URL has {len(location)} characters: at most {MAX_HOP_LENGTH} are allowed")
    text = location.strip(" \t").replace(" ", "%20")
    if not text.isprintable():  # before urljoin, which drops line breaks and tabs
        raise InvalidValue("the URL holds a control character")
    if _SCHEME.match(text):
        return parse_http_url(text)
    try:
        joined = urljoin(str(base), text)
    except ValueError as error:  # brackets that don't match
        raise InvalidValue("the URL's host is none: write a name or an address") from error
    return parse_http_url(joined)


@lru_cache(_MANY_HOSTS)
def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise InvalidValue("the URL holds a user name or password: use auth with a Secret instead")
    bracketed = _BRACKETED.fullmatch(authority)
    if bracketed is not None:
        return _ipv6_host(bracketed["host"]), _port(bracketed["port"] or "")
    host, colon, port = authority.partition(":")
    return _named_host(host), _port(colon + port)


def _port(text: str) -> int | None:
    if not text:
        return None
    if _PORT.fullmatch(text) is None or int(text[1:]) > 65_535:  # noqa: PLR2004 -- 16 bits (RFC 9293 section 3.1)
        raise InvalidValue("the URL's port is none: write a number from 1 to 65535")
    return int(text[1:])


def _ipv6_host(text: str) -> str:
    try:
        return f"[{IPv6Address(text)}]"
    except AddressValueError as error:
        raise InvalidValue("the URL's host is no IPv6 address: write it as [2001:db8::1]") from error


def _named_host(text: str) -> str:
    """Give an IPv4 address or a name in lower-case ASCII.

    A host whose last label is a number is an IPv4 address to some resolvers, whatever its spelling
    (WHATWG URL, section 3.5, "ends in a number"): only four decimal numbers are taken for one.
    """
    if not text:
        raise InvalidValue("the URL has no host: write it as https://host/path")
    host = text.lower() if text.isascii() else _to_ascii(text)
    if len(host) > MAX_HOST_LENGTH or _NAME.fullmatch(host) is None:
        raise InvalidValue("the URL's host is no DNS name: letters, digits, hyphens and dots, no dot at its end")
    if _ENDS_IN_NUMBER.fullmatch(host) and not (text.isascii() and _IPV4.fullmatch(host)):
        raise InvalidValue("the URL's host is an odd spelling of an address: write four decimal numbers, as 192.0.2.1")
    return host


def _to_ascii(text: str) -> str:
    """Apply UTS 46 and IDNA 2008, as browsers do."""
    if len(text) > MAX_HOST_LENGTH:
        raise InvalidValue(f"the URL's host has {len(text)} characters: at most {MAX_HOST_LENGTH} are allowed")
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except UnicodeError as error:
        raise InvalidValue("the URL's host is no internationalized name (IDNA 2008): write its xn-- form") from error
