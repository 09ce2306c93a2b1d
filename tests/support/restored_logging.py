"""Undoes what `configure_logging` sets up for the whole process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bot.infra.standard_logs import use_standard_logging


@contextmanager
def restore_logging() -> Iterator[None]:
    """Put logging back after the block: later tests in this process read plain records."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)
        use_standard_logging()
