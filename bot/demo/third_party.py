"""Simulates an external service with quotes, which is sometimes unavailable."""

import asyncio
import itertools
from enum import StrEnum
from typing import Self

from aiohttp import web

_QUOTES = (
    ("The ship wherein Theseus returned had thirty oars.", "Plutarch"),
    ("No man ever steps in the same river twice.", "Heraclitus"),
    ("Well begun is half done.", "Aristotle"),
)
_WAIT = "30"  # seconds


class Condition(StrEnum):
    """How it is: well, having us wait, out of quotes, refusing all with 503, or never answering."""

    UP = "up"
    LIMITED = "limited"
    EMPTY = "empty"
    DOWN = "down"
    SILENT = "silent"


class ThirdParty:
    """An async context manager; `condition` may be set at any time and counts for new requests.

    With `flaps` it goes up and down by itself, every so many seconds, down in one way and then the
    other. With `limits` each so many-th request is one too many. `port` 0 picks a free one.
    """

    def __init__(self, flaps: float = 0.0, *, limits: int = 0, port: int = 0) -> None:
        self.condition = Condition.UP
        self.asked = 0
        self._flaps = flaps
        self._limits = limits
        self._port = port
        self._quotes = itertools.cycle(_QUOTES)
        self._flapping: asyncio.Task[None] | None = None
        self._stop_event = asyncio.Event()
        self._url = ""

    @property
    def url(self) -> str:
        """The address for a quote."""
        return self._url

    async def __aenter__(self) -> Self:
        """Listen on a free port of this machine."""
        app = web.Application()
        app.router.add_get("/quote", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        port: int = self._runner.addresses[0][1]
        self._url = f"http://127.0.0.1:{port}/quote"
        if self._flaps:
            self._flapping = asyncio.create_task(self._flap(), name="third party")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        self._stop_event.set()
        if self._flapping is not None:
            self._flapping.cancel()
            await asyncio.wait({self._flapping})
        await self._runner.cleanup()

    async def _flap(self) -> None:
        for down in itertools.cycle((Condition.DOWN, Condition.SILENT)):
            for self.condition in (Condition.UP, down):
                await asyncio.sleep(self._flaps)

    async def _answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.condition is Condition.LIMITED or (self._limits and not self.asked % self._limits):
            return web.Response(status=429, headers={"Retry-After": _WAIT}, text="slow down")
        if self.condition is Condition.DOWN:
            return web.Response(status=503, text="back soon")
        if self.condition is Condition.SILENT:
            await self._stop_event.wait()
        if self.condition is Condition.EMPTY:
            return web.json_response({})
        quote, author = next(self._quotes)
        return web.json_response({"quote": quote, "author": author})
