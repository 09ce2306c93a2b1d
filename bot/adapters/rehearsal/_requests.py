"""The bot's requests of a play: each waits until it is its turn to be answered."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

_OF_AN_INTERACTION = re.compile(r"/interactions/(\d+)/|/webhooks/\d+/simcord_interaction_(\d+)")


@dataclass(eq=False)
class WaitingRequest:
    """A request the bot has made. `answered` is set once the answer is written."""

    path: str
    allowed: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def interaction(self) -> int | None:
        """The interaction it belongs to, where its address says so."""
        found = _OF_AN_INTERACTION.search(self.path)
        return int(found[1] or found[2]) if found else None


_MINE = web.RequestKey("rehearsal", WaitingRequest)


class RequestQueue:
    """Holds requests back, and lets one at a time be answered.

    One answer, then everything the bot does with it: so two plays are answered alike. `order` says
    which interaction's requests come first, where several wait (smaller first).
    """

    def __init__(self) -> None:
        self._waiting: list[WaitingRequest] = []
        self.order: Mapping[int, int] = {}

    @web.middleware
    async def hold_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Hold a request back until it is its turn (an aiohttp middleware)."""
        mine = WaitingRequest(request.path)
        request[_MINE] = mine
        self._waiting.append(mine)
        try:
            await mine.allowed.wait()
            if request.headers.get("Upgrade"):
                mine.answered.set()  # a connection that stays has no end to wait for
            response = await handler(request)
            if not response.prepared:
                await response.prepare(request)
                await response.write_eof()
            return response
        finally:
            mine.answered.set()
            if mine in self._waiting:
                self._waiting.remove(mine)

    def release_next(self) -> WaitingRequest | None:
        """Let the next one be answered and return it; `None` when none waits."""
        if not self._waiting:
            return None
        last = len(self.order)
        places = [self.order.get(each.interaction or 0, last) for each in self._waiting]
        chosen = self._waiting.pop(places.index(min(places)))
        chosen.allowed.set()
        return chosen


def mark_unanswered(request: web.Request) -> None:
    """Say that this request will not be answered, so that nobody waits for that."""
    request[_MINE].answered.set()
