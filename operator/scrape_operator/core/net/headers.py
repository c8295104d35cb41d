"""The headers of requests that rules name. All are in lower case."""

from typing import Final

HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "dnt",
        "pragma",
        "range",
        "upgrade-insecure-requests",
        "user-agent",
        "x-requested-with",
    }
)
"""Headers that may go to any origin: they are known to hold no secret. Any other one may, whatever its name."""

CONNECTION_HEADERS: Final = (
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
"""Headers by which a request would change where a message ends, or how long the connection is open."""

HOST_HEADER: Final = "host"
"""The header that says which site of a server is meant. It is made of the URL, whose host the policies allow."""


def refusal_of(name: str) -> str:
    """Return why a header must not be set, for the end of a sentence; an empty text where it may be."""
    if name.lower() in CONNECTION_HEADERS:
        return "must not be set: the header belongs to the connection, remove it"
    if name.lower() == HOST_HEADER:
        return "must not be set: the header names the host of the URL, write the wanted host into the URL"
    return ""
