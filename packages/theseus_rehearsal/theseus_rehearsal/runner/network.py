"""The only network of a rehearsal: Unix sockets to the script's Discord and web servers."""

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

DISCORD = "localhost"  # the address of the script's Discord server
READY_SECONDS = 0.01  # how long discord.py waits for more servers; there is only one
FAILED = "X-Rehearsal-Failed"  # marks a web response that means there is no answer

_request = aiohttp.ClientSession._request
# aiohttp 3.10 and newer have an error of its own for names that cannot be looked up.
_DNSError = getattr(aiohttp, "ClientConnectorDNSError", aiohttp.ClientConnectorError)


def install(prefix: Path) -> None:
    """Make all aiohttp sessions, and discord.py, connect to the sockets with this `prefix`."""

    class ScriptConnector(aiohttp.BaseConnector):
        """Connects to the script's Discord or web server, depending on the host and scheme."""

        def __init__(self, *_args: Any, **options: Any) -> None:
            supported = ("force_close", "limit", "limit_per_host", "loop")
            super().__init__(**{key: options[key] for key in supported if key in options})

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
    """Disable a client's heartbeat timeout, which depends on the machine's time."""
    client._connection.heartbeat_timeout = 1e9


async def _send_request(
    session: aiohttp.ClientSession, method: str, url: Any, **options: Any
) -> aiohttp.ClientResponse:
    """Send a request; if the script has no answer, fail like an unreachable host."""
    response = await _request(session, method, url, **options)
    failure = response.headers.get(FAILED)
    if failure is None:
        return response
    address = response.url
    response.close()
    key = ConnectionKey(
        address.host or "", address.port, address.scheme == "https", True, None, None, None
    )
    if failure == "refused":
        code = errno.ECONNREFUSED
        raise aiohttp.ClientConnectorError(key, OSError(code, os.strerror(code)))
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    raise _DNSError(key, unknown)
