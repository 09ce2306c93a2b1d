"""Queues the bot's requests in a rehearsal, so that they are answered one at a time."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

_OF_AN_INTERACTION = re.compile(r"/interactions/(\d+)/|/webhooks/\d+/simcord_interaction_(\d+)")


@dataclass(eq=False)
class WaitingRequest:
    """A request by the bot. `answered` is set once the answer is written."""

    path: str
    allowed: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def interaction(self) -> int | None:
        """The id of the interaction it belongs to, if its address contains one."""
        match = _OF_AN_INTERACTION.search(self.path)
        return int(match[1] or match[2]) if match else None


_MINE = web.RequestKey("rehearsal", WaitingRequest)


class RequestQueue:
    """Holds requests back, and lets one at a time be answered.

    After each answer the bot may do everything that follows from it, so two runs of a script are
    answered in the same order. `order` says which interaction's requests come first if several wait
    (smaller first).
    """

    def __init__(self) -> None:
        self._waiting: list[WaitingRequest] = []
        self.order: Mapping[int, int] = {}

    @web.middleware
    async def hold_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Hold a request back until it is its turn (an aiohttp middleware)."""
        entry = WaitingRequest(request.path)
        request[_MINE] = entry
        self._waiting.append(entry)
        try:
            await entry.allowed.wait()
            if request.headers.get("Upgrade"):
                entry.answered.set()  # a websocket stays open, so its end is not waited for
            response = await handler(request)
            if not response.prepared:
                await response.prepare(request)
                await response.write_eof()
            return response
        finally:
            entry.answered.set()
            if entry in self._waiting:
                self._waiting.remove(entry)

    def release_next(self) -> WaitingRequest | None:
        """Let the next request be answered and return it; `None` if none waits."""
        if not self._waiting:
            return None
        lowest_priority = len(self.order)
        priorities = [
            self.order.get(waiting.interaction or 0, lowest_priority) for waiting in self._waiting
        ]
        chosen = self._waiting.pop(priorities.index(min(priorities)))
        chosen.allowed.set()
        return chosen


def mark_unanswered(request: web.Request) -> None:
    """Record that this request will not be answered, so that the driver does not wait for it."""
    request[_MINE].answered.set()
