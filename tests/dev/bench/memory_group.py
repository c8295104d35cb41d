"""A control group with a memory limit, as a pod has one (cgroup v1). Needs root; a process joins it by a prefix."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.process import until

ROOT = Path("/sys/fs/cgroup/memory")

_JOIN = 'echo $$ > "$1/cgroup.procs" && shift && exec unshare --mount --cgroup sh -c "$@"'
_SHOW_OWN = 'umount -l "$0" && mount -t cgroup -o memory memory "$0" && exec "$@"'
"""The process sees its own group as the root, as in a container."""


class MemoryGroup:
    """The processes of one pod: what they use together, and how often the limit was met."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def prefix(self) -> Sequence[str]:
        """What to write before a command so that it runs in the group."""
        return ("sh", "-c", _JOIN, "join", str(self._folder), _SHOW_OWN, str(ROOT))

    def resident_bytes(self) -> int:
        """Return the memory of all processes without the page cache, which the kernel takes back."""
        fields = dict(line.split() for line in (self._folder / "memory.stat").read_text().splitlines())
        return int(fields["total_rss"])

    def kills(self) -> int:
        """Return how many processes the kernel has killed."""
        fields = dict(line.split() for line in (self._folder / "memory.oom_control").read_text().splitlines())
        return int(fields["oom_kill"])


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[MemoryGroup]:
    """Make a group for the block. Its processes end with it: a busy worker outlives the operator that is killed."""
    folder = ROOT / f"scrape-operator-bench-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / "memory.limit_in_bytes").write_text(str(limit_bytes))
        yield MemoryGroup(folder)
    finally:
        for pid in map(int, (folder / "cgroup.procs").read_text().split()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until("end of the group's processes", lambda: not (folder / "cgroup.procs").read_text())
        folder.rmdir()
