"""How the interpreter and the C library of the process behave: threads, garbage, files and memory."""

import ctypes
import gc
import resource
import sys
from contextlib import suppress
from typing import Final

SWITCH_SECONDS: Final = 0.0005
"""How long a thread may hold the interpreter while another waits for it.

Transactions on SQLite and the watch work in threads of their own: with Python's 5 ms the event loop, which starts runs,
would wait that long whenever it wakes up beside one of them.
"""

GC_THRESHOLDS: Final = (20_000, 20, 50)
"""A run makes hundreds of short-lived objects: with Python's 700 the collector would look at them at every run."""

ARENAS: Final = 2
"""How many arenas malloc has at most. By default each thread has its own, and what is freed in it stays there."""

_M_ARENA_MAX: Final = -8  # malloc.h of glibc


def configure_interpreter() -> None:
    """Set up the interpreter for one event loop beside few threads. Called before any of them starts."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*GC_THRESHOLDS)
    allow_files()
    limit_arenas()


def allow_files() -> None:
    """Raise the soft limit of open files to the hard one: each connection to a target is one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit_arenas() -> None:
    """Let all threads share a few arenas of malloc. Another C library than glibc has none."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
