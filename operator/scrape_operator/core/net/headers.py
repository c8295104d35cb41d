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
