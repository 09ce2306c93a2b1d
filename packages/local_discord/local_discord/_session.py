"""A gateway session, which outlives its socket, and the socket that it writes to."""

import asyncio
import contextlib
import json
from collections import deque
from typing import Any

import discord
from aiohttp import web

from local_discord.observers import OBSERVERS
from local_discord.world import filter_event

MAX_EVENTS = 5_000
DISPATCH = 0
_CLOSING_SECONDS = 2.0


_OF_SESSION = ("READY", "RESUMED")


class CloseConnection(Exception):
    """Raised to close the connection with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"gateway close {code}")
        self.code = code


class Socket:
    """One WebSocket connection; frames are sent in the order in which they were queued."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.ws = ws
        self.sent = 0  # frames
        self.session: Session | None = None
        self.is_closed = False
        self._transport = transport
        self._frames: asyncio.Queue[str | int] = asyncio.Queue()
        self._written = asyncio.Event()

    def send(self, op: int, data: Any) -> None:
        """Queue a frame that is not an event."""
        self.send_text(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def send_text(self, frame: str) -> None:
        """Queue a frame; cut the connection of a client that no longer reads. It may resume."""
        if self._frames.qsize() > MAX_EVENTS:
            self.hang_up(None)
        elif not self.is_closed:
            self.sent += 1
            self._frames.put_nowait(frame)

    def hang_up(self, code: int | None) -> None:
        """Cut the connection; or, with a code, close it after the queued frames."""
        if code is not None:
            self._frames.put_nowait(code)
        elif self._transport is not None:
            self.is_closed = True
            self._transport.abort()

    async def flush_and_close(self, code: int) -> None:
        """Close with a code once all queued frames are sent, or after a time limit."""
        self.hang_up(code)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._written.wait()

    async def write(self) -> None:
        """Write queued frames until the connection ends."""
        try:
            while not self.is_closed:
                frame = await self._frames.get()
                if isinstance(frame, int):
                    self.is_closed = True
                    await self.ws.close(code=frame)
                else:
                    await self.ws.send_str(frame)
        except ConnectionError:
            self.is_closed = True
        finally:
            self._written.set()


class Session:
    """The state since an IDENTIFY: intents, sequence number, and the last events for RESUME.

    It gets the events of its shard's guilds. Direct messages are those of shard 0.
    """

    def __init__(
        self, session_id: str, intents: discord.Intents, shard: int = 0, count: int = 1
    ) -> None:
        self.id = session_id
        self._shard, self._shards = shard, count
        self.socket: Socket | None = None
        self._intents = intents
        self._sequence = 0
        self._events: deque[tuple[int, str]] = deque(maxlen=MAX_EVENTS)

    def attach(self, socket: Socket) -> None:
        """Send to this socket from now on."""
        self.socket = socket
        socket.session = self

    def publish(self, event: str, payload: dict[str, Any], backend: Any) -> None:
        """Number, store and send one event, unless the intents or the shard exclude it."""
        if event not in _OF_SESSION and not self.has_guild(_find_guild(event, payload)):
            return
        shaped = filter_event(event, payload, self._intents, backend)
        if shaped is None:
            return
        for observer in OBSERVERS:
            observer.on_dispatch(event, shaped)
        self.send(event, shaped)

    def has_guild(self, guild_id: int) -> bool:
        """Return whether a guild is one of this shard's; 0 stands for direct messages."""
        return (guild_id >> 22) % self._shards == self._shard

    def send(self, event: str, data: Any) -> None:
        """Number, store and send one event unchanged, even one that Discord would never send."""
        self._sequence += 1
        frame = json.dumps({"op": DISPATCH, "s": self._sequence, "t": event, "d": data})
        self._events.append((self._sequence, frame))
        if self.socket is not None:
            self.socket.send_text(frame)

    def can_replay(self, sequence: int) -> bool:
        """Return whether every event after `sequence` is still stored."""
        oldest = self._events[0][0] if self._events else 1
        return oldest - 1 <= sequence <= self._sequence

    def replay(self, sequence: int) -> None:
        """Send the events after `sequence` again."""
        if self.socket is None:
            return
        for number, frame in self._events:
            if number > sequence:
                self.socket.send_text(frame)


def _find_guild(event: str, payload: dict[str, Any]) -> int:
    """Return the guild of an event, or 0."""
    own = event in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE")
    return int((payload.get("id") if own else payload.get("guild_id")) or 0)
