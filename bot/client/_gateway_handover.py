"""Hands a gateway session from one process to another without losing events.

discord.py resumes only sessions of its own process. Here the first connection of a client can
resume the session of another process. A resumed session sends no READY, so its data is fetched over
REST before.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

import aiohttp
import discord
import discord.client
import structlog
from discord.gateway import DiscordWebSocket
from yarl import URL

from bot.domain.errors import StoreError
from bot.domain.gateway_session import GatewaySession
from bot.domain.shard import find_shard
from bot.ports.leadership import Fence

MOST_GUILDS = 20
"""With more, asking for all of them takes longer than a new session does."""

_HARMLESS = frozenset({"TYPING_START", "PRESENCE_UPDATE"})
"""Frequent events without an effect, which may be handled twice."""

_PAGE = 200  # the most that Discord lists at once
_LEAVING = 4000  # any code but 1000 and 1001, which would end the session
_log = structlog.stdlib.get_logger(__name__)


class Inheritance:
    """A session to go on with. `resuming` is called when it is used, and it is used once."""

    def __init__(self, session: GatewaySession, resuming: Callable[[], None]) -> None:
        self.session = session
        self._resuming = resuming

    def build_parameters(self) -> dict[str, Any]:
        """Return the arguments that make discord.py resume the session."""
        self._resuming()
        return {
            "session": self.session.session_id,
            "sequence": self.session.sequence,
            "gateway": URL(self.session.gateway_url),
            "resume": True,
        }


class InheritingSocket(DiscordWebSocket):
    """A gateway connection; the first one of a client that inherits resumes.

    With a fence, each event is claimed before it is handled: so after a crash, the next leader
    resumes behind it, and no event is handled twice.
    """

    fence: Fence | None = None

    @classmethod
    async def from_client(cls, client: discord.Client, **parameters: Any) -> Self:
        """Connect; see discord.py."""
        take: Callable[[], Inheritance | None] | None = getattr(client, "take_inheritance", None)
        inherited = take() if take is not None else None
        if inherited is not None:
            parameters |= inherited.build_parameters()
        socket = await super().from_client(client, **parameters)
        socket.fence = getattr(client, "fence", None)
        return socket

    async def received_message(self, msg: Any, /) -> None:
        """Claim the event of a frame, and handle it; see discord.py."""
        if self.fence is not None:
            if isinstance(msg, bytes):
                msg = self._decompressor.decompress(msg)
                if msg is None:
                    return
            session = read_position(msg, self.session_id, str(self.gateway))
            if session is not None:
                await self._claim(self.fence, session)
        await super().received_message(msg)

    async def _claim(self, fence: Fence, session: GatewaySession) -> None:
        try:
            await fence.claim(session)
        except StoreError as error:
            # The client connects again and resumes before this event, so it is not lost.
            await self.close(code=_LEAVING)
            raise aiohttp.ClientConnectionError(f"No event is handled: {error}") from error


def read_position(frame: str, session_id: str | None, gateway: str) -> GatewaySession | None:
    """Return how far the session is handled after a frame; `None` if the frame is no event."""
    parsed = json.loads(frame)
    sequence, data = parsed.get("s"), parsed.get("d")
    if parsed.get("t") == "READY":
        session_id, gateway = str(data["session_id"]), str(data["resume_gateway_url"])
    if sequence is None or session_id is None or parsed.get("t") in _HARMLESS:
        return None
    return GatewaySession(session_id=session_id, sequence=int(sequence), gateway_url=gateway)


def allow_inheriting() -> None:
    """Make discord.py use `InheritingSocket` in this process; calling it again has no effect."""
    discord.client.DiscordWebSocket = InheritingSocket  # type: ignore[misc]


async def release_session(socket: DiscordWebSocket | None) -> GatewaySession | None:
    """Close a connection that is no longer read, and return its session for another process.

    The close code keeps the session alive; the normal code would end it.
    """
    if socket is None:
        return None
    session_id, sequence, gateway = socket.session_id, socket.sequence, socket.gateway
    await socket.close(code=_LEAVING)
    if session_id is None or sequence is None:
        return None
    return GatewaySession(session_id=session_id, sequence=sequence, gateway_url=str(gateway))


async def fetch_guilds(client: discord.Client) -> list[dict[str, Any]] | None:
    """Return each guild of the client's shard as the gateway would send it.

    The bot is its only member.

    Returns `None` if there are too many guilds. Raises the errors of discord.py.
    """
    http, shard, count = client.http, client.shard_id, client.shard_count
    partial = await http.get_guilds(_PAGE, with_counts=True)
    if len(partial) == _PAGE:
        return None  # and perhaps more
    if shard is not None and count is not None:
        partial = [each for each in partial if find_shard(int(each["id"]), count) == shard]
    if len(partial) > MOST_GUILDS:
        return None
    return list(await asyncio.gather(*(_fetch_guild(client, int(each["id"])) for each in partial)))


async def _fetch_guild(client: discord.Client, guild_id: int) -> dict[str, Any]:
    http, user = client.http, client.user
    if user is None:
        raise RuntimeError("the client has not logged in")
    guild, channels, threads, own = await asyncio.gather(
        http.get_guild(guild_id, with_counts=True),
        http.get_all_guild_channels(guild_id),
        http.get_active_threads(guild_id),
        http.get_member(guild_id, user.id),
    )
    joined = {each["id"]: each for each in threads["members"]}
    payload: dict[str, Any] = dict(guild)
    return payload | {
        "unavailable": False,
        "member_count": payload.get("approximate_member_count", 0),
        "channels": channels,
        "threads": [
            {**each, "member": joined[each["id"]]} if each["id"] in joined else each
            for each in threads["threads"]
        ],
        "members": [own],
    }
