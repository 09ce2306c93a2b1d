"""The program's own log: one JSON object a line, or readable lines on a terminal.

The standard library's loggers (discord.py's, aiohttp's) are routed through the same processors, so
whatever is logged, by whomever, is redacted.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import TextIO

import structlog
from structlog.typing import Processor
from theseus_observe.failures.bounded_text import redact_beginning
from theseus_observe.failures.literals import Redact, is_secret
from theseus_observe.failures.tracebacks import TracebackWriter
from theseus_observe.redaction._disguises import unfold
from theseus_observe.redaction._redact import redact

MAX_VALUE = 8_000
"""Characters of one value in the log: a traceback of some 80 frames."""

_DEPTH = 4
_QUIET = (
    "aiosqlite", "asyncio", "discord.gateway", "discord.client", "git", "matplotlib", "watchfiles",
)  # fmt: skip
_UNTRUE = (
    # from a client that the library of the local Discord creates when it is imported
    "Guilds intent seems to be disabled",
    # voice, which the bot does not use
    "PyNaCl is not installed", "davey is not installed",
)  # fmt: skip


def configure_logging(
    *,
    redact: Redact = redact,
    level: int | str = logging.INFO,
    stream: TextIO | None = None,
    console: bool | None = None,
) -> None:
    """Send all logging to `stream` (standard error), replacing what was set up before.

    `console` asks for readable lines; by default they are used when the stream is a terminal.
    """
    target = stream or sys.stderr
    readable = target.isatty() if console is None else console
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.StackInfoRenderer(),
        TracebackWriter(redact),
        Redaction(redact),
    ]
    handler = logging.StreamHandler(target)
    handler.addFilter(lambda record: not record.getMessage().startswith(_UNTRUE))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([_strip_controls] if readable else []),
                _build_renderer(readable),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _build_renderer(readable: bool) -> Processor:
    if readable:
        return structlog.dev.ConsoleRenderer(
            timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer()


def _strip_controls(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Take out what a terminal would obey: colours, moves of the cursor, letters turned round."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = unfold(value).replace("\r", "")
    return event


class Redaction:
    """A structlog processor that cleans every value; objects become their redacted repr."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(
        self, logger: object, method: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        """Clean one event in place."""
        for name, value in event.items():
            if not name.startswith("_"):  # structlog's own marks
                event[name] = self._clean_named(name, value, _DEPTH)
        return event

    def _clean_named(self, name: str, value: object, depth: int) -> object:
        return "[redacted]" if is_secret(name, value) else self._clean(value, depth)

    def _clean(self, value: object, depth: int) -> object:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, str):
            return redact_beginning(value, MAX_VALUE, self._redact)
        if depth > 0 and isinstance(value, Mapping):
            return {
                self._redact(str(key)): self._clean_named(str(key), inner, depth - 1)
                for key, inner in value.items()
            }
        if depth > 0 and isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(item, depth - 1) for item in value]
        return redact_beginning(repr(value), MAX_VALUE, self._redact)
