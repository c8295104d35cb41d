"""The operator's pod, reached by kubectl: its logs, and the command inside it."""

import shutil
import subprocess
from collections.abc import Sequence

from scrape_operator.core.errors import ClusterError

SELECTOR = "app.kubernetes.io/name=scrape-operator"
COMMAND = "scrape-operator"


def find_operator() -> tuple[str, str]:
    """Return namespace and name of a running operator's pod. Raises ClusterError where there is none."""
    columns = "jsonpath={range .items[*]}{.metadata.namespace}{' '}{.metadata.name}{'\\n'}{end}"
    listing = ("get", "pods", "-A", "-l", SELECTOR, "--field-selector=status.phase=Running", "-o", columns)
    lines = _kubectl(listing).split("\n")
    namespace, _, name = lines[0].partition(" ")
    if not name:
        raise ClusterError(f"no pod with the label {SELECTOR} runs: is the operator installed?")
    return namespace, name


def run_in_operator(arguments: Sequence[str]) -> str:
    """Return what the command prints in the operator's pod. Raises ClusterError."""
    namespace, name = find_operator()
    return _kubectl(("exec", "-n", namespace, name, "--", COMMAND, *arguments))


def logs(*, follow: bool) -> int:
    """Print the operator's log, and return kubectl's exit code. Raises ClusterError."""
    namespace, name = find_operator()
    options = ("--follow",) if follow else ("--tail=200",)
    return subprocess.run([_program(), "logs", "-n", namespace, name, *options], check=False).returncode


def _kubectl(arguments: Sequence[str]) -> str:
    done = subprocess.run([_program(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"kubectl {arguments[0]}: {done.stderr.strip()[:400] or f'exit code {done.returncode}'}")
    return done.stdout


def _program() -> str:
    program = shutil.which("kubectl")
    if program is None:
        raise ClusterError("kubectl is not on the PATH")
    return program
