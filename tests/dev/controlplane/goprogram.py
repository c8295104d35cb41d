"""Builds a Go program of the tests' own into the cache folder, once for each version of its sources."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.dev.controlplane.binaries import cache_folder
from tests.dev.controlplane.gobuild import BuildFailed


def build_program(source: Path) -> Path:
    """Return the program of a folder with a Go module.

    Raises:
        BuildFailed: there is no Go toolchain, or the build failed.
    """
    files = sorted(file for file in source.iterdir() if file.suffix in {".go", ".mod", ".sum"})
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    target = cache_folder() / "programs" / f"{source.name}-{digest}"
    if os.access(target, os.X_OK):
        return target
    go = shutil.which("go")
    if go is None:
        raise BuildFailed(f"{source.name} must be built and there is no Go: install the version that its go.mod names")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    command = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(unfinished), "."]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"{source.name}: {done.stderr[-2000:]}")
    unfinished.rename(target)
    return target
