"""Build the control plane's programs from Go modules, one line of progress each.

Called by the test fixtures, the demo and `make` through `ensure`. What a build has compiled stays in Go's cache, so an
interrupted one goes on where it was; two at once wait for each other.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from tests.dev.controlplane.binaries import (
    MODULES,
    PROGRAMS,
    Program,
    built_path,
    cache_folder,
    find,
    go_version,
    needed,
)

# Measured with Kubernetes 1.37 on two cores of a server: 315 s for kube-apiserver's 2082 packages, linking included.
CPU_SECONDS_PER_PACKAGE = 0.3
LINK_SECONDS = 8
MAX_USEFUL_CORES = 8


class BuildFailed(Exception):
    """A program could not be built; the message says what to do."""


def ensure(names: Sequence[str]) -> dict[str, Path]:
    """Return the programs, building those that are nowhere found.

    Raises:
        BuildFailed: there is no Go toolchain, or the build failed.
    """
    names = needed(names)
    if any(find(name) is None for name in names):
        with _alone():
            missing = [name for name in names if find(name) is None]
            for number, name in enumerate(missing, 1):
                _build(PROGRAMS[name], f"[{number}/{len(missing)}]")
    return {name: path for name in names if (path := find(name))}


def _build(program: Program, count: str) -> None:
    go = shutil.which("go")
    if go is None:
        raise BuildFailed(
            f"{program.name} must be built and there is no Go: install Go {go_version(program.module)} or newer,"
            " or point KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl."
        )
    target = built_path(program.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    for left_over in target.parent.glob(f".{program.name}.*"):
        left_over.unlink()
    unfinished = target.with_name(f".{program.name}.{os.getpid()}")
    with _Line(f"{count} {program.name} {program.version}: Go modules,") as line:
        command = [go, "build", "-trimpath", "-ldflags", _linker_flags(program), "-o", str(unfinished)]
        plan = line.run([*command, "-n", program.package], cwd=MODULES / program.module)
        line.add(_estimate(plan.count("/compile ")))
        line.run([*command, program.package], cwd=MODULES / program.module)
        unfinished.rename(target)


def _linker_flags(program: Program) -> str:
    """Return the flags that set the versions the programs report of themselves."""
    if program.module == "helm":
        return "-s -w"
    version = PROGRAMS["kube-apiserver"].version
    major, minor, _ = version.removeprefix("v").split(".")
    base = "k8s.io/component-base/version"
    return (
        f"-s -w -X {base}.gitVersion={version} -X {base}.gitMajor={major} -X {base}.gitMinor={minor}"
        f" -X k8s.io/client-go/pkg/version.gitVersion={version}"
    )


def _estimate(packages: int) -> str:
    cores = min(os.cpu_count() or 1, MAX_USEFUL_CORES)
    seconds = LINK_SECONDS + packages * CPU_SECONDS_PER_PACKAGE / cores
    return f" {packages} packages to compile, about {_duration(seconds)},"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the cache folder; it falls with the process, however that ends."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another build of the control plane is under way: waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Line:
    """One line of progress: a terminal sees the seconds pass, a log gets the line piece by piece."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._begun = time.monotonic()
        self._live = sys.stdout.isatty()

    def __enter__(self) -> Self:
        print(self._text, end="", flush=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.add(f" {'done' if kind is None else 'stopped'} after {_duration(time.monotonic() - self._begun)}")
        print(flush=True)

    def add(self, text: str) -> None:
        self._text += text
        print(f"\r\033[K{self._text}" if self._live else text, end="", flush=True)

    def run(self, command: Sequence[str], *, cwd: Path) -> str:
        """Run the Go command to its end and give what it wrote.

        Raises:
            BuildFailed: it failed; the message has its last lines.
        """
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            with subprocess.Popen(command, cwd=cwd, env=_environment(), stdout=output, stderr=output) as go:
                try:
                    self._wait(go)
                except BaseException:
                    go.terminate()
                    raise
            return _checked(command, go.returncode, output)

    def _wait(self, go: subprocess.Popen[bytes]) -> None:
        while go.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                go.wait(1)
            if self._live:
                print(f"\r\033[K{self._text} {_duration(time.monotonic() - self._begun)}", end="", flush=True)


def _checked(command: Sequence[str], code: int, output: IO[str]) -> str:
    output.seek(0)
    text = output.read()
    if code:
        last = "\n".join(text.splitlines()[-15:])
        raise BuildFailed(f"`{' '.join(command[:2])} {command[-1]}` ended with code {code}:\n{last}")
    return text


def _environment() -> Mapping[str, str]:
    """Return the environment without a person's own Go workspace and flags: they would change what is built."""
    return os.environ | {"GOWORK": "off", "GOFLAGS": ""}
