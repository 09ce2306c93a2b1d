"""Events that discord.py cannot read: each is journalled, and the connection goes on."""

from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any

import structlog

from bot.client._instrumentation import Instruments

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""The errors that discord.py raises for an unexpected gateway frame, outside of its parsers."""

# A session cannot work without this event; if it cannot be parsed, the bot connects again.
_NEEDED = "READY"
_log = structlog.stdlib.get_logger(__name__)

Parse = Callable[[Any], None]


def survive_events(parsers: MutableMapping[str, Parse], instruments: Instruments) -> None:
    """Wrap discord.py's parsers of dispatched events: one that raises costs its event alone."""
    for event, parse in parsers.items():
        if event != _NEEDED:
            parsers[event] = partial(_parse, event, parse, instruments)


def _parse(event: str, parse: Parse, instruments: Instruments, data: Any) -> None:
    try:
        instruments.read(event, parse, data)
    except Exception as error:  # noqa: BLE001  # whatever discord.py makes of a strange payload
        instruments.record_gateway(event.lower(), error, {"event": event, "data": data})
        _log.warning("discord.py cannot read a %s event: %r", event, error)
