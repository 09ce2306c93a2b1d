"""Asks the fence before each request that changes something at Discord, and each connection.

One place sees all requests of discord.py, also answers to interactions and each repeated attempt:
the trace of its HTTP session.
"""

from types import SimpleNamespace

import aiohttp
import discord

from bot.domain.errors import StoreError
from bot.ports.leadership import Fence

_READS = frozenset({"GET", "HEAD"})
_SOCKETS = frozenset({"ws", "wss"})


def fence_requests(client: discord.Client, fence: Fence) -> None:
    """Let a client send only while this process leads. Call before the client starts.

    A request then raises `LeadershipLost`, or an error of the connection if the fence does not
    answer.
    """

    async def check(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        is_socket = request.url.scheme in _SOCKETS
        if request.method in _READS and not is_socket:
            return
        try:
            # A predecessor that hands over may finish its answers, but not connect again.
            await (fence.check_lead() if is_socket else fence.check())
        except StoreError as error:
            raise aiohttp.ClientConnectionError(f"Nothing is sent: {error}") from error

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(check)
    client.http.http_trace = trace
