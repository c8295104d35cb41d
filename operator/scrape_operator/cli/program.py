"""What `scrape-operator` and `kubectl scrape` have in common: exit codes, errors on one line, and clean ends."""

import os
import sys
from collections.abc import Coroutine, Sequence
from enum import IntEnum
from typing import NoReturn, TypeVar

import typer

from scrape_operator.core.errors import (
    ClusterError,
    InvalidSettings,
    InvalidValue,
    ScrapeFailed,
    ScrapeOperatorError,
    StoreUnavailable,
)
from scrape_operator.core.runs.reasons import Reason

T = TypeVar("T")

EXIT_CODES = (
    "Exit codes: 0 fine, 1 found something wrong, 2 wrong use or a wrong setting, "
    "3 the cluster, the database or the address cannot be reached."
)


class ExitCode(IntEnum):
    """How a verb ended. The last two are those of a shell: 128 and the number of the signal."""

    FINE = 0
    FOUND = 1
    WRONG_USE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130
    CUT_OFF = 141


def execute(app: typer.Typer, name: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process. An error that the user can correct is one line, without a traceback."""
    try:
        given = None if arguments is None else list(arguments)
        code = app(args=given, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        _print_wrong_use(name, error)
        sys.exit(ExitCode.WRONG_USE)
    except typer.Abort:
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer ends with 1
            sys.exit(ExitCode.CUT_OFF)
        raise
    except BrokenPipeError:
        _discard_output()
        sys.exit(ExitCode.CUT_OFF)
    except ScrapeOperatorError as error:
        for line in str(error).splitlines():
            typer.echo(f"{name}: {line}", err=True)
        raise SystemExit(code_of(error)) from error
    sys.exit(code or ExitCode.FINE)


def code_of(error: ScrapeOperatorError) -> ExitCode:
    """Return the exit code of an error."""
    from scrape_operator.storage.errors import SchemaMismatch, StoreLocked

    match error:
        case ScrapeFailed(reason=Reason.INVALID_SPEC):
            return ExitCode.WRONG_USE
        case InvalidValue() | InvalidSettings() | StoreLocked() | SchemaMismatch():
            return ExitCode.WRONG_USE
        case ClusterError() | StoreUnavailable() | ScrapeFailed():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.FOUND


def await_result(coroutine: Coroutine[object, object, T]) -> T:
    """Return what a coroutine returns. asyncio is imported only by verbs that need it."""
    import asyncio

    return asyncio.run(coroutine)


def _print_wrong_use(name: str, error: typer.TyperException) -> None:
    message = error.format_message().replace("Value error, ", "")  # a prefix of pydantic
    if "\n" in message:  # the help text: the program was called without arguments
        typer.echo(message, err=True)
        return
    context = getattr(error, "ctx", None)
    command = name if context is None else context.command_path
    typer.echo(f"{command}: {message.rstrip('.')}: see {command} --help", err=True)


def _discard_output() -> None:
    """Send what is left in the buffers nowhere, as the reader of the pipe has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
