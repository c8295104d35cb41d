"""The project's programs, started by a server that has imported the package: an import costs 2 s of CPU time a start.

A program is a process of its own, as ever: it has its PID, environment, folder, files and signals. Tests of the start
itself, of memory, or of Python's own variables use the installed programs.
"""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

from tests.support import preloaded_process, preloaded_server
from tests.support.paths import COMMAND, ROOT
from tests.support.preloaded_process import Process

Started = Process | subprocess.Popen[bytes]


@cache
def programs() -> Path:
    """Return the folder of the programs, for PATH. Server and folder end with this process."""
    folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
    for name in preloaded_server.PROGRAMS:
        client = f"exec {sys.executable} -I -S {preloaded_process.__file__} {folder / 'socket'} {name} "
        (folder / name).write_text(f'#!/bin/sh\n{client}"$PWD" "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    _start_server(folder)
    return folder


def program(name: str = COMMAND.name) -> str:
    """Return the path of a program that does what the installed one does."""
    return str(programs() / name)


def start(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: BinaryIO) -> Started:
    """Start a command whose output goes to a log; by the server, if it is an installed program."""
    if command[0] != str(COMMAND):
        return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    with Path(os.devnull).open("rb") as nothing:
        files = (nothing.fileno(), log.fileno(), log.fileno())
        return Process(program("socket"), COMMAND.name, command[1:], dict(environment), str(folder), files)


def _start_server(folder: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        command = [sys.executable, "-P", "-m", preloaded_server.__name__, str(folder), str(listener.fileno())]
        server = subprocess.Popen(
            command,
            env=kept | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # a Ctrl-C ends it with its owner
        )
    atexit.register(server.communicate)  # it ends when its input ends, also if this process is killed
