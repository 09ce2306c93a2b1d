"""The only network of a play: Unix sockets to the script's Discord and web."""

import errno
import os
import socket
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.client
import aiohttp.connector
import discord
import yarl
from aiohttp.client_reqrep import ConnectionKey
from discord.gateway import DiscordWebSocket
from discord.http import Route

DISCORD = "localhost"  # where the script's Discord says that it is
READY_SECONDS = 0.01  # that discord.py waits for more servers: there is one
FAILED = "X-Rehearsal-Failed"  # how a web answer says that there is none

_request = aiohttp.ClientSession._request


def install(prefix: Path) -> None:
    """Have every aiohttp session connect to the sockets beside `prefix`, and discord.py with it."""

    class ScriptConnector(aiohttp.BaseConnector):
        """Connects to the script's Discord or web, by the host and scheme that are asked for."""

        def __init__(self, *_args: Any, **options: Any) -> None:
            kept = ("force_close", "limit", "limit_per_host", "loop")
            super().__init__(**{key: options[key] for key in kept if key in options})

        async def _create_connection(self, req: Any, _traces: Any, _timeout: Any) -> Any:
            side = "discord" if req.url.host == DISCORD else req.url.scheme.replace("ws", "http")
            _, protocol = await self._loop.create_unix_connection(self._factory, f"{prefix}.{side}")
            return protocol

    for module in (aiohttp, aiohttp.client, aiohttp.connector):
        module.TCPConnector = ScriptConnector  # type: ignore[attr-defined]
    aiohttp.ClientSession._request = _send_request  # type: ignore[assignment,method-assign]
    Route.BASE = f"http://{DISCORD}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{DISCORD}/gateway")
    discord.Asset.BASE = f"http://{DISCORD}"


def disable_heartbeats(client: Any) -> None:
    """Keep a client from taking its connection for dead: heartbeats go by the machine's time."""
    client._connection.heartbeat_timeout = 1e9


async def _send_request(
    session: aiohttp.ClientSession, method: str, url: Any, **options: Any
) -> aiohttp.ClientResponse:
    """Request it; where the script has no answer, fail as the network does."""
    response = await _request(session, method, url, **options)
    why = response.headers.get(FAILED)
    if why is None:
        return response
    asked = response.url
    response.close()
    key = ConnectionKey(
        asked.host or "", asked.port, asked.scheme == "https", True, None, None, None
    )
    if why == "refused":
        code = errno.ECONNREFUSED
        raise aiohttp.ClientConnectorError(key, OSError(code, os.strerror(code)))
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    raise aiohttp.ClientConnectorDNSError(key, unknown)
