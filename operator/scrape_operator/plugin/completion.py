"""`kubectl_complete-scrape`: kubectl runs it to complete `kubectl scrape`, with the words that were typed so far.

It prints a proposal on each line, and at the end the directive of cobra that no file names are proposed. It shows no
error: a shell that completes has no place for one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from typer.main import get_command

from scrape_operator.plugin.app import app

NO_FILE_NAMES = ":4"
REQUEST_SECONDS = 2
NAMESPACE_OPTIONS = ("-n", "--namespace")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what completes the last word."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    typed, last = (words[:-1], words[-1]) if words else ([], "")
    proposals = (proposal for proposal in _proposals(typed, last) if proposal.startswith(last))
    sys.stdout.write("".join(f"{proposal}\n" for proposal in (*proposals, NO_FILE_NAMES)))


def _proposals(typed: Sequence[str], last: str) -> Iterator[str]:
    command: Any = get_command(app)
    verbs = command.commands
    verb = next((word for word in typed if word in verbs), None)
    if verb is None:
        yield from verbs
    elif last.startswith("-"):
        for parameter in _options_of(verb, verbs[verb]):
            yield from parameter.opts
    else:
        yield from _schedule_names(_namespace_of(typed))


def _options_of(verb: str, command: Any) -> Sequence[Any]:
    """Return the options of a verb; those of a verb that prints rows are declared by `scrape-operator`."""
    if command.context_settings.get("ignore_unknown_options"):
        from scrape_operator.cli import app as rows_app

        rows: Any = get_command(rows_app)
        command = rows.commands.get(verb, command)
    return [parameter for parameter in command.params if parameter.param_type_name == "option"]


def _namespace_of(typed: Sequence[str]) -> str | None:
    return next((value for option, value in pairwise(typed) if option in NAMESPACE_OPTIONS), None)


def _schedule_names(namespace: str | None) -> Sequence[str]:
    """Return the names of the schedules in the cluster; kubectl itself starts faster than a client in Python."""
    command = ["kubectl", "get", "scrapeschedules.scrape-operator.dev", "-o", "name"]
    command += [f"--request-timeout={REQUEST_SECONDS}s", *(["-n", namespace] if namespace else [])]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=2 * REQUEST_SECONDS, env=os.environ
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return [line.rpartition("/")[2] for line in done.stdout.splitlines()] if done.returncode == 0 else ()
