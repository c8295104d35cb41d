"""The three-way JSON merge by which kubectl and Argo CD compare a manifest with a live object."""

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]


def merged(applied_last: Object, wanted: Object, live: Object) -> dict[str, Any]:
    """Return the live object as an apply of `wanted` would leave it.

    Members are merged; whatever is in the last applied manifest and not in the wanted one is removed. Lists are
    replaced as a whole (RFC 7386), as client-go's jsonmergepatch does for kinds without a Go type.
    """
    removed = applied_last.keys() - wanted.keys()
    result = {name: value for name, value in live.items() if name not in removed}
    for name, value in wanted.items():
        before, present = applied_last.get(name), live.get(name)
        if isinstance(value, Mapping) and isinstance(present, Mapping):
            result[name] = merged(before if isinstance(before, Mapping) else {}, value, present)
        else:
            result[name] = value
    return result
