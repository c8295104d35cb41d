"""Objects of files, completed with the metadata that an API server would add."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

DEFAULT_NAMESPACE = "default"


def with_metadata(obj: Mapping[str, Any], generation: int = 1) -> dict[str, Any]:
    """Return the object with namespace, name, generation and UID. The UID depends on namespace and name alone."""
    given = obj.get("metadata")
    metadata: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    metadata["namespace"] = metadata.get("namespace") or DEFAULT_NAMESPACE
    metadata["name"] = metadata.get("name") or metadata.get("generateName") or "unnamed"
    metadata["generation"] = metadata.get("generation") or generation
    metadata["uid"] = metadata.get("uid") or str(uuid5(NAMESPACE_URL, f"{metadata['namespace']}/{metadata['name']}"))
    return {**obj, "metadata": metadata}
