"""The schedules of some files and folders, and what an edit of them changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.local.objects import with_metadata
from scrape_operator.planning.policies import NO_POLICIES, Policies, policies_of

SUFFIXES = (".yaml", ".yml", ".json")

ReadObjects = Callable[[Path], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences since the last call.

    Attributes:
        applied: The objects to apply. After a change of policies these are all of them.
        removed: The UIDs of objects that are gone.
        problems: The files that cannot be read.
        policies: The policies of the files, if they changed.

    """

    applied: Sequence[Mapping[str, Any]] = ()
    removed: Sequence[str] = ()
    problems: Sequence[str] = ()
    policies: Policies | None = None


@dataclass(slots=True)
class ScheduleFiles:
    """Reads schedules from paths. A folder stands for the YAML and JSON files in it and below it.

    A schedule's generation is the time at which its file was written, in milliseconds. So an edit counts as a new
    generation, also while nothing runs.
    """

    paths: Sequence[Path]
    read: ReadObjects
    _stamps: dict[Path, int] = field(default_factory=dict)
    _objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _policies: Policies = NO_POLICIES

    def refresh(self) -> Changes:
        """Read the files if one of them was written, added or deleted since the last call."""
        stamps = {file: stamp for file in self._files() if (stamp := _stamp(file)) is not None}
        if stamps == self._stamps:
            return Changes()
        self._stamps = stamps
        return self._compare(stamps)

    def _files(self) -> Iterator[Path]:
        for path in self.paths:
            if path.is_dir():
                yield from sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
            else:
                yield path

    def _compare(self, stamps: Mapping[Path, int]) -> Changes:
        found: dict[str, Mapping[str, Any]] = {}
        read: list[Mapping[str, Any]] = []
        problems: list[str] = []
        for file, stamp in stamps.items():
            try:
                objects = self.read(file)
                read.extend(objects)
                for obj in objects:
                    if kind_of(obj) is SCRAPE_SCHEDULE:
                        completed = with_metadata(obj, stamp)
                        found[completed["metadata"]["uid"]] = completed
            except ScrapeOperatorError as error:
                problems.append(f"{file}: {error}")
        if problems:  # a file that is being written must not stop its schedules
            return Changes(problems=tuple(problems))
        policies = policies_of(read)
        has_new_policies = policies != self._policies
        if has_new_policies:
            self._policies, self._objects = policies, {uid: {} for uid in self._objects}
        applied = tuple(obj for uid, obj in found.items() if not self._is_known(uid, obj))
        removed = tuple(uid for uid in self._objects if uid not in found)
        self._objects = found
        return Changes(applied, removed, policies=policies if has_new_policies else None)

    def _is_known(self, uid: str, obj: Mapping[str, Any]) -> bool:
        known = self._objects.get(uid)
        return known is not None and known.get("spec") == obj.get("spec")


def _stamp(file: Path) -> int | None:
    """Return when a file was written, in milliseconds; None if it is not there."""
    try:
        return file.stat().st_mtime_ns // 1_000_000
    except OSError:
        return None
