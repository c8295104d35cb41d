"""Imports the package, and forks for each request a process that runs a program and one that waits for its end.

It has one thread, as a process must that goes on after a fork. It ends with its owner, who holds the pipe to its input.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import random
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.preloaded_process import NUMBER

PROGRAMS = {
    "scrape-operator": "scrape_operator.cli",
    "kubectl-scrape": "scrape_operator.plugin.app",
    "kubectl_complete-scrape": "scrape_operator.plugin.completion",
}
NOT_IMPORTED = ("__main__", "worker", "versions", "env")
"""Modules that do their work when they are imported."""


def preload() -> None:
    """Import all of the package."""
    package = importlib.import_module("scrape_operator")
    for found in pkgutil.walk_packages(package.__path__, "scrape_operator."):
        if not set(found.name.split(".")) & set(NOT_IMPORTED):
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


def serve(folder: Path, listener: socket.socket) -> str:
    """Serve until the owner ends. Return in each process that is to run a program, with the program's name."""
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return attend(connection)
        connection.close()
        reap()
    reap()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def reap() -> None:
    """Forget the processes that have ended; their CPU time counts for this one."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def attend(connection: socket.socket) -> str:
    """Fork the program's process, in which this returns. Tell the caller its PID and its exit code."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as lines:
        request = json.loads(lines.readline())
    ended, ending = os.pipe()  # the other end is closed when the process ends
    pid = os.fork()
    if pid == 0:
        connection.close()
        return become(request, files)
    for file in (*files, ending):
        os.close(file)
    connection.sendall(NUMBER.pack(pid))
    if ended not in select.select([ended, connection.fileno()], [], [])[0]:  # the caller has gone
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        connection.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def become(request: dict[str, Any], files: list[int]) -> str:
    """Take on what a fresh process would have of its caller, and return the name of the program."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    random.seed()
    name: str = request["program"]
    sys.argv = [name, *request["arguments"]]
    kubeconfig = os.environ.get("KUBECONFIG", "~/.kube/config")  # the official client reads it when it is imported
    vars(importlib.import_module("kubernetes.config.kube_config"))["KUBE_CONFIG_DEFAULT_LOCATION"] = kubeconfig
    return name


if __name__ == "__main__":
    preload()
    program = serve(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
    sys.exit(importlib.import_module(PROGRAMS[program]).main())
