"""The sites of benches: each is a process of its own, so that the bench measures the operator and not the site."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.paths import ROOT


@contextmanager
def site_process(module: str) -> Iterator[str]:
    """Run a module until the end of the block, and yield the line that it prints once it serves."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode()
        process.kill()
