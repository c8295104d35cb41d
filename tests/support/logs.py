"""Logging as it was before a test configured it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from scrape_operator.reporting.logs import QUIET


@contextmanager
def restored_logging() -> Iterator[None]:
    """Restore handlers and levels after the block."""
    root = logging.getLogger()
    handlers, level, levels = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
