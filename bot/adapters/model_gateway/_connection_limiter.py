"""Limits the number of connections, and how long a connection may be silent."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp.web_protocol import RequestHandler as Visitor

_MEETING = 1.0  # seconds between the creation of a visitor and its transport, at most


@dataclass(frozen=True)
class GatewayLimits:
    """Limits for one program, or one unknown caller. Times are in seconds.

    `connections` is per listener, `at_once` counts requests in progress with one lease. After
    `refusals` in a row each further one is delayed by a second. A connection is cut if no valid
    token arrives within `first`, or if it is silent for `idle` afterwards. A body must arrive
    within `body`, and each written piece must be read within `drain`.
    """

    connections: int = 256
    at_once: int = 64
    refusals: int = 100
    first: float = 30.0
    idle: float = 300.0
    body: float = 60.0
    drain: float = 60.0


class ConnectionLimiter:
    """Limits all connections. One that blocks or floods a listener is cut without an answer."""

    def __init__(self, limits: GatewayLimits) -> None:
        self._limits = limits
        self._waiting: dict[Visitor, asyncio.TimerHandle] = {}

    def build_acceptor(self, server: Callable[[], Visitor]) -> Callable[[], asyncio.BaseProtocol]:
        """Return a factory that accepts a listener's connections up to the limit."""
        visitors: dict[Visitor, float] = {}

        def accept() -> asyncio.BaseProtocol:
            now = asyncio.get_running_loop().time()
            for stale in [stale for stale, since in visitors.items() if since < now - _MEETING]:
                if stale.transport is None:
                    del visitors[stale]
                    self._forget(stale)
            if len(visitors) >= self._limits.connections:
                return _Rejected()
            visitor = server()
            visitors[visitor] = now
            self._wait(visitor, self._limits.first)
            return visitor

        return accept

    @contextmanager
    def suspend_timeout(self, visitor: Visitor) -> Iterator[None]:
        """Suspend the silence timeout of an authenticated visitor within the block."""
        self._forget(visitor)
        try:
            yield
        finally:
            self._wait(visitor, self._limits.idle)

    def _forget(self, visitor: Visitor) -> None:
        if waiting := self._waiting.pop(visitor, None):
            waiting.cancel()

    def _wait(self, visitor: Visitor, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiting[visitor] = loop.call_later(seconds, self._cut, visitor)

    def _cut(self, visitor: Visitor) -> None:
        self._waiting.pop(visitor, None)
        if isinstance(visitor.transport, asyncio.Transport):
            visitor.transport.abort()

    def close(self) -> None:
        """Stop all timeouts."""
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()


class _Rejected(asyncio.Protocol):
    """A connection over the limit."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Cut the connection."""
        if isinstance(transport, asyncio.Transport):
            transport.abort()
