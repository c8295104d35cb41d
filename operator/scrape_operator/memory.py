"""The memory that the process may use: the limit of its cgroup, and the shares of it for bodies and workers."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MIB: Final = 2**20
_CGROUP_FILES: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_MAX_ASSUMED: Final = 2048 * _MIB
"""Without a limit the process may use half of the machine's memory, up to this."""

_PROCESS: Final = 150 * _MIB
"""What the operator itself uses with some hundred schedules: measured were 127 MiB and 28 MiB of mapped files, with 300
schedules every 10 s. Some of the files are memory that the kernel may take back."""

_IDLE_WORKER: Final = 45 * _MIB
"""What a worker keeps when it has read documents of all formats: measured were 44 MiB."""


@dataclass(frozen=True, slots=True)
class MemoryShares:
    """Shares of a memory limit, in bytes. What is left is for the process itself and for idle workers."""

    bodies: int
    quick_document: int
    slow_document: int
    quick_workers: int


def memory_limit() -> int:
    """Return the bytes that this process and its children may use together."""
    for name in _CGROUP_FILES:
        with suppress(OSError, ValueError):
            limit = int(Path(name).read_text(encoding="ascii"))
            if limit < _physical_memory():
                return limit
    return min(_physical_memory() // 2, _MAX_ASSUMED)


def shares_of(limit: int) -> MemoryShares:
    """Divide a limit. With 512 MiB: 51 for bodies, 51 and 169 for the documents that two workers read."""
    bodies = limit // 10
    quick = min(max(limit // 10, 48 * _MIB), 256 * _MIB)
    slow = min(max(limit * 33 // 100, 64 * _MIB), 2048 * _MIB)
    left = limit - _PROCESS - bodies - slow - _IDLE_WORKER
    workers = max(1, left // (_IDLE_WORKER + quick))
    return MemoryShares(bodies, quick, slow, quick_workers=min(workers, os.cpu_count() or 1))


def _physical_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
