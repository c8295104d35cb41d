"""Authenticates the API server as front proxy, and reads the caller that it names in headers.

The API server shows a client certificate that its front-proxy CA signed. ConfigMap
kube-system/extension-apiserver-authentication says which CA, which common names and which headers count; nothing else
makes a header count.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web
from multidict import CIMultiDictProxy

from scrape_operator.core.errors import InvalidValue
from scrape_operator.results.authority import authority_ders, common_names, is_issued_by

logger = logging.getLogger(__name__)

CONFIG_MAP_NAMESPACE, CONFIG_MAP = "kube-system", "extension-apiserver-authentication"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the API server authenticated them."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Further facts by key, in the order of the keys."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the ConfigMap says."""

    authorities: str
    """The CAs of the client certificate, as PEM."""
    ders: frozenset[bytes]
    allowed_names: frozenset[str]
    """The common names that count. Empty: any."""
    user_headers: tuple[str, ...]
    uid_headers: tuple[str, ...]
    group_headers: tuple[str, ...]
    extra_prefixes: tuple[str, ...]


class FrontProxy:
    """Decides which clients may name a caller in headers. None may until the ConfigMap was read.

    `on_authorities` is called with the CAs, as PEM, whenever they change: the listener asks clients for certificates
    of these.
    """

    def __init__(self, on_authorities: Callable[[str], None] = lambda _pem: None) -> None:
        self._on_authorities = on_authorities
        self._rules: Rules | None = None
        self.configured = asyncio.Event()
        """Set when a usable ConfigMap was read."""

    def configure(self, data: Mapping[str, str]) -> None:
        """Take over the data of the ConfigMap. What is unusable changes nothing, and is logged."""
        try:
            rules = read_rules(data)
        except InvalidValue as error:
            kept = "the rules before stay in force" if self._rules else "nobody is authenticated"
            logger.warning("front proxy not configured: %s", kept, extra={"error": str(error)})
            return
        before, self._rules = self._rules, rules
        if before is None or before.ders != rules.ders:
            self._on_authorities(rules.authorities)
        self.configured.set()

    def authenticate(self, request: web.Request) -> Caller | None:
        """Return the caller, or None if the request does not come from the front proxy, or names no valid caller."""
        rules = self._rules
        connection = request.get_extra_info("ssl_object")
        if rules is None or connection is None or not _is_front_proxy(connection, rules):
            return None
        return _caller(request.headers, rules)


def read_rules(data: Mapping[str, str]) -> Rules:
    """Return the rules in the data of the ConfigMap.

    Raises:
        InvalidValue: A key is missing or unreadable; the message names it.

    """
    authorities = data.get("requestheader-client-ca-file", "")
    try:
        ders = authority_ders(authorities)
    except ValueError as error:
        raise InvalidValue(
            "requestheader-client-ca-file holds no readable certificate: start kube-apiserver with the flags"
            " --requestheader-client-ca-file and --proxy-client-cert-file"
        ) from error
    names = frozenset(_texts(data, "requestheader-allowed-names"))
    if not names and ders & _ders_or_none(data.get("client-ca-file", "")):
        raise InvalidValue(
            "requestheader-allowed-names is empty, and the CA of the front proxy also signs users: every user could"
            " name any other; set --requestheader-allowed-names of kube-apiserver"
        )
    return Rules(
        authorities=authorities,
        ders=ders,
        allowed_names=names,
        user_headers=_texts(data, "requestheader-username-headers"),
        uid_headers=_texts(data, "requestheader-uid-headers"),
        group_headers=_texts(data, "requestheader-group-headers"),
        extra_prefixes=tuple(prefix.lower() for prefix in _texts(data, "requestheader-extra-headers-prefix")),
    )


def _texts(data: Mapping[str, str], key: str) -> tuple[str, ...]:
    """Return a JSON list of strings; an absent key, as older clusters have, is an empty one."""
    try:
        found = json.loads(data.get(key) or "[]")
    except ValueError as error:
        raise InvalidValue(f"{key} is not a JSON list") from error
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise InvalidValue(f"{key} is not a JSON list of strings")
    return tuple(found)


def _ders_or_none(pem: str) -> frozenset[bytes]:
    try:
        return authority_ders(pem)
    except ValueError:
        return frozenset()


def _is_front_proxy(connection: ssl.SSLObject, rules: Rules) -> bool:
    """Return whether the connection's client certificate, which TLS has verified, is one of the front proxy."""
    certificate = connection.getpeercert()
    if not certificate:
        return False
    if rules.allowed_names and rules.allowed_names.isdisjoint(common_names(certificate)):
        return False
    return not is_outdated(connection, rules.ders)


def is_outdated(connection: ssl.SSLObject, ders: frozenset[bytes]) -> bool:
    """Return whether the CA of a connection's certificate was withdrawn after the handshake.

    The listener closes no connection when CAs change, so a certificate of a withdrawn CA could count for hours.
    """
    if frozenset(connection.context.get_ca_certs(binary_form=True)) <= ders:
        return False
    certificate = connection.getpeercert(binary_form=True)
    return certificate is None or not is_issued_by(certificate, ders)


def _caller(headers: CIMultiDictProxy[str], rules: Rules) -> Caller | None:
    user = next(iter(_values(headers, rules.user_headers)), "")
    uid = next(iter(_values(headers, rules.uid_headers)), "")
    groups = tuple(_values(headers, rules.group_headers))
    extra: dict[str, list[str]] = {}
    for header, value in headers.items():
        for prefix in rules.extra_prefixes:
            if header.lower().startswith(prefix):
                extra.setdefault(unquote(header[len(prefix) :].lower(), errors="surrogateescape"), []).append(value)
    caller = Caller(user, uid, groups, tuple((key, tuple(extra[key])) for key in sorted(extra)))
    return caller if user and _is_text([user, uid, *groups, *extra, *_flat(extra.values())]) else None


def _values(headers: CIMultiDictProxy[str], names: Sequence[str]) -> Sequence[str]:
    return [value for name in names for value in headers.getall(name, ()) if value]


def _flat(lists: Iterable[Iterable[str]]) -> Sequence[str]:
    return [value for values in lists for value in values]


def _is_text(texts: Iterable[str]) -> bool:
    """Return whether all texts came as UTF-8: another name could be read in two ways."""
    return all(character < "\ud800" or character > "\udfff" for text in texts for character in text)
