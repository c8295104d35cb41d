"""Objects that microdata and RDFa describe, in JSON-LD's form. Called by `jsonld` and `rdfa`."""

import re
from collections.abc import Iterable
from typing import Any, Final

_SCHEMA: Final = "https://schema.org"
_PREFIX: Final = re.compile(r"[/#:]")


def described(types: Iterable[str], identity: str | None) -> dict[str, Any]:
    """Return an object of JSON-LD with nothing but its types and identity."""
    names = [last_part(name) for name in types]
    found: dict[str, Any] = {"@context": _SCHEMA}
    if names:
        found["@type"] = names[0] if len(names) == 1 else names
    if identity:
        found["@id"] = identity
    return found


def last_part(name: str) -> str:
    """Return the name of a type or property without vocabulary or prefix."""
    return _PREFIX.split(name.rstrip("/"))[-1]
