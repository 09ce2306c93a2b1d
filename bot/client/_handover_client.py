"""`HandoverClient`: a client that goes on with another's gateway session, or leaves its own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import discord
import structlog

from bot.client._contained_bot import ContainedBot
from bot.client._fenced_requests import fence_requests
from bot.client._gateway_handover import (
    Inheritance,
    allow_inheriting,
    fetch_guilds,
    release_session,
)
from bot.domain.gateway_session import GatewaySession
from bot.ports.leadership import Fence

_HANDLERS = ("discord.py: ", "CommandTree-invoker", "discord-ui-")
"""What discord.py calls the tasks that handle an event, a command, a press or a form."""

_FAILED = (discord.DiscordException, aiohttp.ClientError, OSError, LookupError)
_log = structlog.stdlib.get_logger(__name__)


class HandoverClient(ContainedBot):
    """A client that can hand its session to another process, and take over one.

    No event is lost or handled twice. `alone` is set once no other process can still be handling
    earlier events.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.inheritance: Inheritance | None = None
        self.alone = asyncio.Event()
        self.alone.set()
        self.fence: Fence | None = None
        self._inherits = self._leaving = False
        self._reading: asyncio.Task[None] | None = None
        self._chunking: set[asyncio.Task[object]] = set()
        allow_inheriting()

    def inherit(self, session: GatewaySession, resuming: Callable[[], None]) -> None:
        """Go on with this session instead of a new one. Call before the client starts.

        `resuming` is called when it is used. Where Discord refuses, a new one is begun.
        """
        self.inheritance = Inheritance(session, resuming)
        self._inherits = True

    def set_fence(self, fence: Fence) -> None:
        """Act only while this process leads. Call before the client starts."""
        self.fence = fence
        fence_requests(self, fence)

    def take_inheritance(self) -> Inheritance | None:
        """Return the session to go on with, once."""
        inherited, self.inheritance = self.inheritance, None
        return inherited

    async def leave(self) -> GatewaySession | None:
        """Stop reading the gateway between two events, and return the session for another process.

        Returns `None` if there is no session to resume. REST and the handlers of earlier events
        continue to work. `close` must still be called.
        """
        # Set first: between two attempts to connect there is no task to cancel.
        self._leaving = True
        if self._reading is not None:
            # Parsers do not await, so a cancellation cannot stop one half way. An event that was
            # received but not parsed is not in the sequence number, so Discord sends it again.
            self._reading.cancel()
            await asyncio.wait({self._reading})
        return await release_session(getattr(self, "ws", None))

    async def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no event is being handled; return `False` after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while handling := _list_handlers():
                    await asyncio.wait(handling, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return False
        return True

    async def read_until_left(self, read: Coroutine[Any, Any, None]) -> None:
        """Read the gateway; where the session is left, wait for the client to be closed."""
        self._reading = asyncio.create_task(read, name="gateway")
        if self._leaving:  # between two attempts to connect
            self._reading.cancel()
        try:
            await self._reading
        except asyncio.CancelledError:
            if not self._leaving:
                raise
            # Returning would end `start` and close the client, whose REST the handlers still use.
            await asyncio.Event().wait()

    async def fill_cache(self) -> None:
        """Fetch over REST what a new session would send; if that fails, start a new session."""
        if self.inheritance is None:
            return
        try:
            guilds = await fetch_guilds(self)
        except _FAILED as error:
            _log.warning("the session is not gone on with: %s", error)
            guilds = None
        if guilds is None:
            self.inheritance, self._inherits = None, False
            return
        for guild in guilds:
            # Private: discord.py fills its cache from the gateway only.
            self._connection._add_guild_from_data(guild)  # type: ignore[arg-type]

    def finish_takeover(self) -> None:
        """Report ready after the missed events were replayed; later resumes have no effect."""
        if not self._inherits:
            return
        self._inherits = False
        # As discord.py does after READY, which a resumed session does not send.
        self._connection.call_handlers("ready")
        self.dispatch("ready")
        for guild in self.guilds:
            if self._connection._guild_needs_chunking(guild):
                task: asyncio.Task[object] = asyncio.create_task(self._load_members(guild))
                self._chunking.add(task)
                task.add_done_callback(self._chunking.discard)

    async def _load_members(self, guild: discord.Guild) -> None:
        try:
            members = await guild.chunk()
            guild._member_count = len(members)  # the count from REST is only approximate
        except _FAILED as error:
            _log.warning("the members of a server are not known: %s", error)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Dispatch an event, but not after the client is closed.

        discord.py may dispatch while it is about to reconnect, when a closed client has no loop.
        """
        if self.loop is not discord.utils.MISSING:
            super().dispatch(event_name, *args, **kwargs)

    async def close(self) -> None:
        """Close the connection."""
        for task in self._chunking:
            task.cancel()
        await super().close()


def _list_handlers() -> set[asyncio.Task[Any]]:
    own = asyncio.current_task()
    return {
        task
        for task in asyncio.all_tasks()
        if task is not own and task.get_name().startswith(_HANDLERS)
    }
