"""Objects of files, completed with the metadata that an API server would add."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from scrape_operator.api.kinds.registry import CLUSTER_SCRAPE_POLICY

DEFAULT_NAMESPACE = "default"
NO_SCHEDULE = "no ScrapeSchedule found: check apiVersion and kind"
EMPTY = "is empty: write a ScrapeSchedule to it; if a command should have written it, see the message of that command"


def with_metadata(obj: Mapping[str, Any], generation: int = 1) -> dict[str, Any]:
    """Return the object with namespace, name, generation and UID. The UID depends on namespace and name alone."""
    given = obj.get("metadata")
    metadata: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    metadata["namespace"] = metadata.get("namespace") or DEFAULT_NAMESPACE
    metadata["name"] = metadata.get("name") or metadata.get("generateName") or "unnamed"
    metadata["generation"] = metadata.get("generation") or generation
    metadata["uid"] = metadata.get("uid") or str(uuid5(NAMESPACE_URL, f"{metadata['namespace']}/{metadata['name']}"))
    return {**obj, "metadata": metadata}


def absence(paths: Sequence[Path], *, is_empty: bool) -> str:
    """Return the message for files that have no schedule. `is_empty`: there are files, and none has a document."""
    return f"{', '.join(map(str, paths))}: {EMPTY if is_empty else NO_SCHEDULE}"


def duplicates(read: Iterable[tuple[Path, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield a line for each object whose kind, namespace and name an object before it has. Only one could count.

    Args:
        read: Objects, each with the file that has it.

    """
    files: dict[str, Path] = {}
    for file, obj in read:
        place = _place_of(obj)
        if place in files:
            where = f"in {files[place]}, too" if files[place] != file else "twice in this file"
            yield f"{file}: {place} is {where}: keep one of them, or rename it"
        elif place:
            files[place] = file


def _place_of(obj: Mapping[str, Any]) -> str:
    """Return kind, namespace and name of an object; nothing without a name."""
    given = obj.get("metadata")
    name = given.get("name") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(name, str):
        return ""
    if obj.get("kind") == CLUSTER_SCRAPE_POLICY.kind:
        return f"{CLUSTER_SCRAPE_POLICY.kind} {name}"
    return f"{obj.get('kind')} {given.get('namespace') or DEFAULT_NAMESPACE}/{name}"
