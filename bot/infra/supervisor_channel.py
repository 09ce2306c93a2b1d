"""The bot's end of the conversation with its supervisor."""

import asyncio
import contextlib
import os
import socket
from collections.abc import MutableMapping
from typing import Any, Self

from bot.supervisor.messages import (
    LONGEST_LINE,
    PATHS_VARIABLE,
    VARIABLE,
    BadMessage,
    Message,
    format_message,
    parse_message,
)


class ControlEnd:
    """The inherited socket to the supervisor.

    It is removed from the environment, so that programs started by this process do not get it.
    """

    def __init__(self, inherited: socket.socket, *, terminal: bool) -> None:
        self.socket = inherited
        self.terminal = terminal

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Self | None:
        """Remove the socket from the environment and return it; `None` without a supervisor."""
        _restore_paths(environment)
        value = environment.pop(VARIABLE, None)
        if value is None:
            return None
        number, _, where = value.partition(":")
        try:
            os.set_inheritable(int(number), False)
            return cls(socket.socket(fileno=int(number)), terminal=where == "tty")
        except (ValueError, OSError):
            return None  # inherited from another process, with no supervisor at the other end


def _restore_paths(environment: MutableMapping[str, str]) -> None:
    """Give back the PYTHONPATH of the service: only this process imports from its own folder."""
    before = environment.pop(PATHS_VARIABLE, None)
    if before:
        environment["PYTHONPATH"] = before
    elif before is not None:
        environment.pop("PYTHONPATH", None)


class SupervisorChannel:
    """Messages to and from the supervisor, once `open` has been called in the running loop."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        """Set when the supervisor is gone."""
        self._orders: asyncio.Queue[Message | None] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, end: ControlEnd) -> Self:
        """Return a channel that listens."""
        channel = cls()
        reader, channel._writer = await asyncio.open_connection(sock=end.socket, limit=LONGEST_LINE)
        channel._listening = asyncio.create_task(channel._listen(reader), name="control channel")
        return channel

    def say(self, kind: str, **said: Any) -> None:
        """Send a message; without effect if the channel is closed."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(format_message(kind, **said))

    async def order(self) -> Message | None:
        """Return the next message of the supervisor, or `None` if the channel is closed."""
        return await self._orders.get()

    async def close(self) -> None:
        """Hang up, once what was said is on its way; again is harmless."""
        if self._listening is not None:
            self._listening.cancel()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                with contextlib.suppress(BadMessage):
                    self._orders.put_nowait(parse_message(line))
        self.closed.set()
        self._orders.put_nowait(None)
