"""A lost connection is one line in the log: discord.py writes a trace of 5 KB at each attempt."""

import logging

_LOGGER = "discord.client"
_ATTEMPT = "Attempting a reconnect in %.2fs"
_log = logging.getLogger(__name__)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Put the reason into the line, and the trace into the log of details."""
    if record.msg != _ATTEMPT or not record.exc_info:
        return True
    error = record.exc_info[1]
    _log.debug("the gateway connection was lost", exc_info=record.exc_info)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    record.msg = "the gateway connection was lost (%s), trying again in %.2f s"
    record.args = (reason, *(record.args if isinstance(record.args, tuple) else ()))
    record.exc_info, record.exc_text = None, None
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def shorten_reconnects() -> None:
    """Have every reconnect logged in one line; again is harmless."""
    logging.getLogger(_LOGGER).addFilter(_in_one_line)
