"""The schedules of some files and folders, and what an edit of them changes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.local.contents import FileContent, ReadObjects, stamp_of
from scrape_operator.local.objects import duplicates, with_metadata
from scrape_operator.local.secrets import NO_SECRETS, SecretObjects, secrets_of
from scrape_operator.planning.policies import NO_POLICIES, Policies, policies_of

SUFFIXES = (".yaml", ".yml", ".json")


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that the paths name, each once, whatever its names are.

    A folder stands for the YAML and JSON files in it and below it. In a folder of Kubernetes, such as a mounted
    ConfigMap, a file has several names.
    """
    known: set[Path] = set()
    for path in paths:
        found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if path.is_dir() else [path]
        for file in found:
            resolved = file.resolve()
            if resolved not in known:
                known.add(resolved)
                yield file


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences since the last call.

    Attributes:
        applied: The objects to apply. After a change of policies these are all of them.
        removed: The UIDs of objects that are gone.
        problems: The files that cannot be read.
        notices: The files that may be being saved, and are read again at the next call.
        policies: The policies of the files, if they changed.
        secrets: The Secrets of the files, if they changed.

    """

    applied: Sequence[Mapping[str, Any]] = ()
    removed: Sequence[str] = ()
    problems: Sequence[str] = ()
    notices: Sequence[str] = ()
    policies: Policies | None = None
    secrets: SecretObjects | None = None


@dataclass(slots=True)
class ScheduleFiles:
    """Reads schedules from paths. A folder stands for the YAML and JSON files in it and below it.

    A schedule's generation is the time at which its file was written, in milliseconds, or one more than that of the
    spec before. So an edit counts as a new generation, also while nothing runs, and also if it puts an old file back.
    `monotonic` is a clock in seconds.
    """

    paths: Sequence[Path]
    read: ReadObjects
    monotonic: Callable[[], float] = time.monotonic
    _contents: Mapping[Path, FileContent] = field(default_factory=dict)
    _objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _policies: Policies = NO_POLICIES
    _secrets: SecretObjects = field(default_factory=lambda: NO_SECRETS)

    def refresh(self) -> Changes:
        """Read the files that were written, added or deleted since the last call.

        Nothing is applied as long as there is a file that could never be read: it may hold a policy that forbids it.
        Nothing is applied either while two objects have one name.
        """
        stamps = {file: stamp for file in files_in(self.paths) if (stamp := stamp_of(file)) is not None}
        known = self._contents
        files = (*(file for file in known if file not in stamps), *stamps)
        contents = [known.get(file) or FileContent(file) for file in files]
        now = self.monotonic()
        looks = [content.look(stamps.get(content.file), self.read, now) for content in contents]
        self._contents = {one.file: one for one in contents if one.objects or one.file in stamps}
        problems = tuple(look.problem for look in looks if look.problem)
        notices = tuple(look.notice for look in looks if look.notice)
        is_readable = all(content.objects is not None for content in self._contents.values())
        if not is_readable or not any(look.has_changed for look in looks):
            return Changes(problems=problems, notices=notices)
        doubled = tuple(duplicates(self._whole_objects()))
        changes = Changes() if doubled else self._compare()
        return replace(changes, problems=(*problems, *doubled), notices=notices)

    @property
    def is_empty(self) -> bool:
        """Whether there are files, and all were of no bytes at the last call."""
        return bool(self._contents) and all(content.is_blank for content in self._contents.values())

    @property
    def places(self) -> Sequence[tuple[str, str]]:
        """Namespace and name of the schedules that the files had at the last call."""
        metadata = [obj["metadata"] for obj in self._objects.values()]
        return [(each["namespace"], each["name"]) for each in metadata]

    def _whole_objects(self) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """Yield the objects that files have now, not those that a file had which is being moved."""
        for content in self._contents.values():
            if content.is_whole:
                yield from ((content.file, obj) for obj in content.objects or ())

    def _compare(self) -> Changes:
        """Return how the contents differ from what was applied. Of an object in two files the whole file counts."""
        contents = sorted(self._contents.values(), key=lambda content: content.is_whole)
        read = [obj for content in contents for obj in content.objects or ()]
        found: dict[str, Mapping[str, Any]] = {}
        for content in contents:
            schedules = (obj for obj in content.objects or () if kind_of(obj) is SCRAPE_SCHEDULE)
            numbered = (self._numbered(with_metadata(obj), content.generation) for obj in schedules)
            found |= {obj["metadata"]["uid"]: obj for obj in numbered}
        policies = policies_of(read)
        has_new_policies, self._policies = policies != self._policies, policies
        secrets = secrets_of(read)
        has_new_secrets, self._secrets = secrets != self._secrets, secrets
        applied = tuple(obj for uid, obj in found.items() if has_new_policies or not self._is_known(uid, obj))
        removed = tuple(uid for uid in self._objects if uid not in found)
        self._objects = found
        return Changes(
            applied,
            removed,
            policies=policies if has_new_policies else None,
            secrets=secrets if has_new_secrets else None,
        )

    def _numbered(self, obj: Mapping[str, Any], written_at: int) -> Mapping[str, Any]:
        """Return a schedule with its generation, which the file itself does not have."""
        metadata = obj["metadata"]
        known = self._objects.get(metadata["uid"])
        generation = written_at
        if known is not None:
            before: int = known["metadata"]["generation"]
            generation = before if known.get("spec") == obj.get("spec") else max(written_at, before + 1)
        return {**obj, "metadata": {**metadata, "generation": generation}}

    def _is_known(self, uid: str, obj: Mapping[str, Any]) -> bool:
        known = self._objects.get(uid)
        return known is not None and known.get("spec") == obj.get("spec")
