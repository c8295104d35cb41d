"""Says for commands on this machine how to allow an address outside the public internet."""

import os
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

VARIABLE: Final = "SCRAPE_OPERATOR_ALLOW_CIDRS"

_REFUSED: Final = re.compile(r"\baddress ([0-9a-fA-F.:]+) is outside the public internet")
_LOOPBACK: Final = {4: "127.0.0.0/8", 6: "::1/128"}


def network_remedy(messages: Iterable[str]) -> str:
    """Return the line for a shell that allows the addresses that messages refuse, or an empty text.

    Loopback addresses are allowed together, each other address alone. Networks that are allowed stay so.
    """
    refused = [match[1] for message in messages for match in _REFUSED.finditer(message)]
    networks = list(dict.fromkeys(map(_network_of, refused)))
    allowed = [part.strip() for part in os.environ.get(VARIABLE, "").split(",") if part.strip()]
    if not networks or set(networks) <= set(allowed):  # a policy refuses what the variable allows
        return ""
    return f"export {VARIABLE}={','.join(dict.fromkeys([*allowed, *networks]))}"


def _network_of(text: str) -> str:
    address = ip_address(text)
    return _LOOPBACK[address.version] if address.is_loopback else f"{address}/{address.max_prefixlen}"
