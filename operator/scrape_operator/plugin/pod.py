"""The operator's pod, reached by kubectl: its logs, and the command inside it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence

from scrape_operator.core.errors import ClusterError

SELECTOR = "app.kubernetes.io/name=scrape-operator"
COMMAND = "scrape-operator"
KUBECTL_END = re.compile(r"command terminated with exit code \d+\n")
"""What kubectl adds to the line of a command that failed."""


def find_operator() -> tuple[str, str]:
    """Return namespace and name of a running operator's pod. Raises ClusterError where there is none."""
    columns = "jsonpath={range .items[*]}{.metadata.namespace}{' '}{.metadata.name}{'\\n'}{end}"
    listing = ("get", "pods", "-A", "-l", SELECTOR, "--field-selector=status.phase=Running", "-o", columns)
    lines = _kubectl(listing).split("\n")
    namespace, _, name = lines[0].partition(" ")
    if not name:
        raise ClusterError(f"no pod with the label {SELECTOR} runs: is the operator installed?")
    return namespace, name


def run_in_operator(arguments: Sequence[str]) -> int:
    """Run the command in the operator's pod, with its output as this program's, and return its exit code.

    Raises:
        ClusterError: No operator runs, or kubectl is not installed.

    """
    namespace, name = find_operator()
    command = [_program(), "exec", "-n", namespace, name, "--", COMMAND, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as running:
        for line in running.stderr or ():
            if not KUBECTL_END.fullmatch(line):
                sys.stderr.write(line)
    return running.returncode


def logs(*, follow: bool) -> int:
    """Print the operator's log, and return kubectl's exit code. Raises ClusterError."""
    namespace, name = find_operator()
    options = ("--follow",) if follow else ("--tail=200",)
    return subprocess.run([_program(), "logs", "-n", namespace, name, *options], check=False).returncode


def _kubectl(arguments: Sequence[str]) -> str:
    done = subprocess.run([_program(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2][:400]  # the lines before it are its log
        raise ClusterError(f"kubectl {arguments[0]}: {last or f'exit code {done.returncode}'}")
    return done.stdout


def _program() -> str:
    program = shutil.which("kubectl")
    if program is None:
        raise ClusterError("kubectl is not on the PATH")
    return program
