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

# discord.py reads these parts of an interaction only where they are asked for: in a command, and in
# the record of its failure.
_INTERACTION = "INTERACTION_CREATE"
# discord.py leaves out an author it cannot read, and whoever asks for it fails.
_MESSAGE = "MESSAGE_CREATE"
_AUTHOR_PARTS = ("id", "username", "discriminator", "avatar")
_COMMAND_KINDS, _COMPONENT_KINDS = (2, 4), (3, 5)
_COMMAND_TYPES = (1, 2, 3)
_SNOWFLAKES = 2**64

Parse = Callable[[Any], None]


def survive_events(parsers: MutableMapping[str, Parse], instruments: Instruments) -> None:
    """Wrap discord.py's parsers of dispatched events: one that raises costs its event alone."""
    for event, parse in parsers.items():
        if event != _NEEDED:
            parsers[event] = partial(_parse, event, parse, instruments)


def _parse(event: str, parse: Parse, instruments: Instruments, data: Any) -> None:
    try:
        if event == _INTERACTION:
            _check_interaction(data)
        elif event == _MESSAGE:
            _check_message(data)
        instruments.read(event, parse, data)
    except Exception as error:  # noqa: BLE001  # whatever discord.py makes of a strange payload
        instruments.record_gateway(event.lower(), error, {"event": event, "data": data})
        _log.warning("discord.py cannot read a %s event: %r", event, error)


def _check_message(payload: Any) -> None:
    """Check that a message names its author. Raises one of `UNREADABLE` otherwise."""
    for part in _AUTHOR_PARTS:
        payload["author"][part]


def _check_interaction(payload: Any) -> None:
    """Check that an interaction names its person, its place, and the command or component.

    Raises one of `UNREADABLE` otherwise.
    """
    data, guild = payload.get("data"), payload.get("guild_id")
    # As discord.py does, which reads a member only in a guild, and a user only elsewhere.
    in_guild = guild is not None and int(guild)
    person = payload["member"]["user"] if in_guild else payload["user"]
    if not 0 < int(payload["id"]) < _SNOWFLAKES:  # its time says whether it can still be answered
        raise ValueError(f"no id of an interaction: {payload['id']!r}")
    names = [person["id"]]
    if guild is not None:
        names.append(guild)
    if payload["type"] in _COMMAND_KINDS:
        names.append(data["name"])
        if data.get("type", 1) not in _COMMAND_TYPES:
            raise ValueError(f"no type of a command: {data['type']!r}")
    elif payload["type"] in _COMPONENT_KINDS:
        names.append(data["custom_id"])
    for each in names:
        if not isinstance(each, str):
            raise TypeError(f"an id or a name is not a text: {each!r}")
