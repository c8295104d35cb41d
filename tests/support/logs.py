"""Logging as it was before a test configured it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from scrape_operator.reporting.logs import OURS


@contextmanager
def restored_logging() -> Iterator[None]:
    """Restore handlers and levels after the block."""
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)
