"""A controller manager of a test's own: one that has just started looks for resources at once.

A running one does so every half minute. Called by `controlplane`.
"""

import os
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.dev.controlplane.processes import RunFolder

NAME = "fresh-controllers"
CONTROLLERS = ("namespace-controller", "garbage-collector-controller", "resourcequota-controller")

COLLECTOR, QUOTA = FOLLOWERS = ("garbage collector", "resource quota controller")
"""Those that watch every object of the resources that have certain verbs, as the log names them."""

WITHIN_SECONDS = 30.0


class FreshControllers:
    """Runs CONTROLLERS. Made by `fresh_controllers`."""

    def __init__(self, run: RunFolder, command: Sequence[str | Path]) -> None:
        self._run = run
        self._command = command
        self._log = run.path / f"{NAME}.log"

    def start(self) -> Self:
        """Start the process; what it finds then, it follows."""
        self._log.unlink(missing_ok=True)
        self._run.spawn(NAME, [*self._command, f"--controllers={','.join(CONTROLLERS)}", "--v=2"])
        return self

    def followed(self) -> Mapping[str, str]:
        """Return the resources that each of FOLLOWERS watches, as text.

        Raises:
            TimeoutError: one of them has not looked for resources yet.

        """
        until = time.monotonic() + WITHIN_SECONDS
        while len(found := self._found()) < len(FOLLOWERS):
            if time.monotonic() > until:
                raise TimeoutError(f"{set(FOLLOWERS) - set(found)} read no discovery: {self._log.read_text()[-4000:]}")
            time.sleep(0.05)
        return found

    def _found(self) -> Mapping[str, str]:
        said = re.findall(r'"syncing ([a-z ]+) with updated resources from discovery"(.*)\n', self._log.read_text())
        return {name: resources for name, resources in said if name in FOLLOWERS}


@contextmanager
def fresh_controllers(run: RunFolder, resting: str, command: Sequence[str | Path]) -> Iterator[FreshControllers]:
    """Let the process named `resting` do nothing while the block runs: a test starts fresh controllers instead."""
    os.kill(run.pid(resting), signal.SIGSTOP)
    try:
        yield FreshControllers(run, command)
    finally:
        run.end(NAME)
        os.kill(run.pid(resting), signal.SIGCONT)
