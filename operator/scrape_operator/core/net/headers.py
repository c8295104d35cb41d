"""Headers that may go to any origin: they are known to hold no secret. Any other one may, whatever its name."""

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
