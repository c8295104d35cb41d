"""Servers that end with the process that started them, also after a crash.

Called by `controlplane` and `postgres`. A run folder holds the data, the logs and one PID file per server. Three things
keep it from outliving its owner: `close`, a watchdog process that outlives a killed owner by half a second, and the
sweep of stale folders at the next start, should the watchdog have been killed too.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from pwd import struct_passwd
from types import TracebackType
from typing import Any, Self

PREFIX = "scrape-operator-"
POLL_SECONDS = 0.05
WATCH_SECONDS = 0.5
END_SECONDS = 10.0


class StartFailed(Exception):
    """A server did not come up; the message ends with the last lines of its log."""


class RunFolder:
    """A temporary folder and the servers that work in it."""

    def __init__(self, kind: str) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-{os.getpid()}-"))
        self._running: dict[str, tuple[subprocess.Popen[bytes], signal.Signals]] = {}
        self._watchdog = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__, str(self.path), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def spawn(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        end_by: signal.Signals = signal.SIGKILL,
        user: struct_passwd | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a server; its output goes to `<name>.log`. `environment` is what it gets in addition.

        A session of its own keeps a Ctrl-C in the terminal from ending the server before its owner is done with it.
        """
        with (self.path / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in argv],
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
                **identity(user),
            )
        (self.path / f"{name}.pid").write_text(f"{process.pid} {end_by.value}")
        self._running[name] = (process, end_by)

    def await_ready(self, name: str, ready: Callable[[], bool], *, within: float = 60.0) -> None:
        """Wait until `ready` holds.

        Raises:
            StartFailed: the server ended, or is not ready after `within` seconds.
        """
        process, _ = self._running[name]
        until = time.monotonic() + within
        while not ready():
            if process.poll() is not None:
                raise StartFailed(f"{name} ended with code {process.returncode}: {self._last_words(name)}")
            if time.monotonic() > until:
                raise StartFailed(f"{name} is not ready after {within:.0f} s: {self._last_words(name)}")
            time.sleep(POLL_SECONDS)

    def end(self, name: str) -> None:
        """End a server and wait for it; one that is not running is no error."""
        if name not in self._running:
            return
        process, end_by = self._running.pop(name)
        process.send_signal(end_by)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self.path / f"{name}.pid").unlink()

    def running(self, name: str) -> bool:
        """Return whether the server was started here and not ended since."""
        return name in self._running

    def pid(self, name: str) -> int:
        """Return the id of a process that was started."""
        return self._running[name][0].pid

    def close(self) -> None:
        """End all servers, the last started first, and remove the folder."""
        for name in reversed(list(self._running)):
            self.end(name)
        self._watchdog.kill()
        self._watchdog.wait()
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _last_words(self, name: str) -> str:
        lines = (self.path / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:]) or "it wrote no log"


def identity(user: struct_passwd | None) -> dict[str, Any]:
    """Return the arguments of `subprocess` that make a program run as that user, without root's groups."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def sweep() -> None:
    """Clear the folders whose owner is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*-*"):
        owner = folder.name.split("-")[-2]
        with contextlib.suppress(FileNotFoundError):
            if owner.isdigit() and folder.stat().st_uid == os.getuid() and not _exists(int(owner)):
                clear(folder)


def clear(folder: Path) -> None:
    """End the servers that a folder's PID files name, then remove it."""
    for file in folder.glob("*.pid"):
        with contextlib.suppress(ValueError, OSError):
            pid, end_by = map(int, file.read_text().split())
            _end_left_over(pid, end_by, folder)
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on.

    It lies below the ephemeral range of Linux and macOS: else an outgoing connection could take it as its local port
    while a server is stopped for an outage test.
    """
    for port in random.sample(range(20_000, 32_768), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StartFailed("no free port on 127.0.0.1 between 20000 and 32767: end some servers")


def _end_left_over(pid: int, end_by: int, folder: Path) -> None:
    """End a server, if the process is still ours: its PID may have been given to another since."""
    until = time.monotonic() + END_SECONDS
    while str(folder) in _command_line(pid):
        os.kill(pid, end_by if time.monotonic() < until else signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _command_line(pid: int) -> str:
    """Return a process's command line; empty when it is gone or a zombie."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def watch(folder: Path, owner: int) -> None:
    """Wait until the owner is gone, however it went, and clear its folder (the watchdog process runs this)."""
    while os.getppid() == owner:
        time.sleep(WATCH_SECONDS)
    clear(folder)


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
