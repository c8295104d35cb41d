"""Where people read: a terminal's width and colours, or whole lines without them in a pipe or a file."""

import os

from rich.console import Console

PIPE_WIDTH = 4096
"""Columns of a table that no terminal shows: wide enough not to wrap."""


def open_console() -> Console:
    """Return a console for standard output. rich reads NO_COLOR, FORCE_COLOR and COLUMNS itself."""
    console = Console()
    return console if console.is_terminal or os.environ.get("COLUMNS") else Console(width=PIPE_WIDTH)
