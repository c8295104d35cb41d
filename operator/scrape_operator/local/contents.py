"""The last whole content of a file: it outlasts the moments in which editors have emptied, moved or half written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrape_operator.core.errors import ScrapeOperatorError

SETTLE_SECONDS = 0.5
"""How long a file may be empty, missing or wrong before that counts: less than the time between two looks at it."""

Stamp = tuple[int, int, int, int]
"""When a file was written and when its inode was changed, in nanoseconds, its size in bytes, and its inode."""

ReadObjects = Callable[[Path], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a file found. `notice` and `problem` are lines for a person, or empty."""

    has_changed: bool = False
    notice: str = ""
    problem: str = ""


UNCHANGED = Look()


class FileContent:
    """The objects of one file as they were when it was last whole.

    A file that is empty or missing holds nothing once it has been so for SETTLE_SECONDS. One that cannot be read keeps
    its objects: a syntax error takes no schedule and no policy away.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.objects: Sequence[Mapping[str, Any]] | None = None
        """None as long as the file was never whole."""
        self.generation = 0
        """When the objects were written, in milliseconds."""
        self.is_whole = False
        """Whether the objects are those that the file has now."""
        self._stamp: Stamp | None = None
        self._seen_at = 0.0
        self._is_settled = False

    @property
    def is_blank(self) -> bool:
        """Whether the file had no bytes at the last look."""
        return self._stamp is not None and not self._stamp[2]

    def look(self, stamp: Stamp | None, read: ReadObjects, now: float) -> Look:
        """Read the file if it is not as it was, or was not whole.

        Args:
            stamp: The file's present stamp; None if it is not there.
            read: Returns the objects of a file.
            now: The present time in seconds, by a clock that never jumps.

        """
        is_first = stamp != self._stamp
        if is_first:
            self._stamp, self._seen_at, self._is_settled = stamp, now, False
        elif self._is_settled:
            return UNCHANGED
        self._is_settled = now - self._seen_at >= SETTLE_SECONDS
        try:
            objects = tuple(read(self.file)) if stamp is not None else ()
        except ScrapeOperatorError as error:
            return self._reject(error, is_first=is_first)
        if objects or not self.objects or self._is_settled:
            return self._accept(objects)
        self.is_whole = False
        is_told = is_first and stamp is not None
        return Look(notice=f"{self.file}: is empty: what it held counts until the next look" if is_told else "")

    def _accept(self, objects: Sequence[Mapping[str, Any]]) -> Look:
        self.objects, self.is_whole, self._is_settled = objects, True, True
        self.generation = 0 if self._stamp is None else self._stamp[0] // 1_000_000
        return Look(has_changed=True)

    def _reject(self, error: ScrapeOperatorError, *, is_first: bool) -> Look:
        self.is_whole = False
        if self.objects is None:
            self._is_settled = True
            return Look(problem=f"{self.file}: {error}")
        if self._is_settled:
            return Look(problem=f"{self.file}: {error}; what it held before still counts")
        return Look(notice=f"{self.file}: {error}: it is read again, as it may be being saved" if is_first else "")


def stamp_of(file: Path) -> Stamp | None:
    """Return the stamp of a file; None if it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
