"""The web server's application on connections in memory: real bytes in, real handlers."""

import asyncio
from typing import Any

from aiohttp import web

from bot.web import WebRules, WebServer
from bot.web._connection import Connection
from tests.bot.web.web_server import SECRET, TOKEN, Room

_ROUNDS = 400  # of the event loop, at most, until a request is answered


class MemoryTransport(asyncio.Transport):
    """The server's side of a connection from this machine."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8_080)})
        self.output = bytearray()
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep what the server sends."""
        self.output += data

    def writelines(self, list_of_data: Any) -> None:
        """Keep what the server sends."""
        for data in list_of_data:
            self.output += data

    def close(self) -> None:
        """Note that the server ends the connection."""
        self.is_closed = True

    def abort(self) -> None:
        """Note that the server ends the connection."""
        self.is_closed = True

    def is_closing(self) -> bool:
        """Return whether the server has ended the connection."""
        return self.is_closed

    def pause_reading(self) -> None:
        """Do nothing: everything was sent already."""

    def resume_reading(self) -> None:
        """Do nothing: everything was sent already."""

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits."""
        return 0


class WebRoom:
    """A server with a token, a webhook's secret and nobody else's requests."""

    def __init__(self, **rules: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.room = Room()
        made = WebRules(port=0, secret=SECRET, token=TOKEN, **rules)
        self._runner = web.AppRunner(WebServer(made, self.room.services).app)
        self.loop.run_until_complete(self._runner.setup())

    def send(self, request: bytes) -> bytes:
        """Return what the server answers. Raises `AssertionError` if a handler has failed."""
        answered = self.loop.run_until_complete(self._exchange(request))
        failures = [each for each in self.room.journal.actions if each.error is not None]
        self.room.journal.actions.clear()
        self.room.base_updates.asked.clear()
        self.room.emergency.given.clear()
        if failures:
            raise AssertionError(f"{failures[0].name} failed: {failures[0].error}")
        return answered

    def close(self) -> None:
        """End the server and its loop."""
        self.loop.run_until_complete(self._runner.cleanup())
        self.loop.close()

    async def _exchange(self, request: bytes) -> bytes:
        server = self._runner.server
        assert server is not None
        connection = Connection(server, self.room.services.recorder, loop=self.loop)
        transport = MemoryTransport()
        connection.connection_made(transport)
        connection.data_received(request)
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
            if transport.is_closed:
                break
        connection.connection_lost(None)
        await asyncio.sleep(0)
        return bytes(transport.output)
