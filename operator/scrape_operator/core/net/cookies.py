"""What a Set-Cookie header sets, and to which addresses it is sent (RFC 6265 sections 5.1 to 5.3)."""

import math
import re
from dataclasses import dataclass

from yarl import URL

from scrape_operator.core.net.cookie_dates import parse_cookie_date

_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")  # no header can hold it
_SECONDS = re.compile(r"-?[0-9]+", re.ASCII)
_SPACE = " \t"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. `expires_at` is in seconds since the epoch; infinite for one that lasts as long as its session."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    expires_at: float = math.inf

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later cookie replaces it by."""
        return self.name, self.domain, self.path

    def is_for(self, url: URL) -> bool:
        """Return whether it is sent to an address."""
        if self.is_secure and url.scheme != "https":
            return False
        host = url.raw_host or ""
        is_of_host = host == self.domain or (not self.is_host_only and _is_below(host, self.domain))
        return is_of_host and self._matches_path(url.raw_path)

    def _matches_path(self, path: str) -> bool:
        if not path.startswith(self.path):
            return False
        return path == self.path or self.path.endswith("/") or path[len(self.path)] == "/"


def parse_set_cookie(header: str, url: URL, now: float) -> Cookie | None:
    """Return what an answer from an address sets, or None where the header is ignored.

    There is no list of public suffixes: a cookie for a domain without dots is ignored, unless it is the host itself. A
    cookie that came over TLS is secure, whatever its header says.
    """
    pair, _, rest = header.partition(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(_SPACE), value.strip(_SPACE)
    if not equals or not name or _UNFIT.search(header):
        return None
    attributes = _attributes(rest)
    host, domain, path = url.raw_host or "", attributes.get("domain", ""), attributes.get("path", "")
    if domain and domain != host and not ("." in domain and _is_below(host, domain)):
        return None
    return Cookie(
        name,
        value,
        domain or host,
        path if path.startswith("/") else _default_path(url.raw_path),
        is_host_only=domain in {"", host} and "." not in domain,
        is_secure="secure" in attributes or url.scheme == "https",
        expires_at=_expires_at(attributes, now),
    )


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes by their names in lower case. The last one of a name counts that can be read."""
    found = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        name, value = name.strip(_SPACE).lower(), value.strip(_SPACE).strip('"')  # quotation marks against the RFC
        if name == "domain":
            value = value.strip(". ").lower()
        is_unread = (name == "max-age" and not _SECONDS.fullmatch(value)) or (
            name == "expires" and parse_cookie_date(value) is None
        )
        if not is_unread:
            found[name] = value
    return found


def _expires_at(attributes: dict[str, str], now: float) -> float:
    """Return when a cookie ends. Max-Age counts before Expires."""
    if "max-age" in attributes:
        seconds = float(attributes["max-age"])
        return now + seconds if seconds > 0 else -math.inf
    date = parse_cookie_date(attributes.get("expires", ""))
    return math.inf if date is None else date


def _default_path(path: str) -> str:
    return path[: path.rfind("/")] or "/"


def _is_below(host: str, domain: str) -> bool:
    """Return whether a host is a subdomain; an IP address is none."""
    return host.endswith(f".{domain}") and not host.rpartition(".")[2].isdecimal()
