"""The fingerprint of a target: runs with the same one read the same fields of the same documents."""

from collections.abc import Mapping
from hashlib import blake2b

from scrape_operator.api.kinds.target import Target

# How a request is sent, tried and judged does not decide which items its answer has. What is not named here counts,
# so a new field starts the comparison anew until somebody knows better.
_REQUESTS = {"timeout", "max_redirects", "max_body_bytes", "conditional", "tls", "proxy_secret_ref"}
_WITHOUT: Mapping[str, bool | set[str]] = {"name": True, "retry": True, "expect": True, "http": _REQUESTS}


def fingerprint_of(target: Target) -> str:
    """Return a hash of the settings that decide which items there are.

    Defaults are left out. So it stays the same if a later version has more fields.
    """
    text = target.model_dump_json(exclude=dict(_WITHOUT), exclude_defaults=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()
