"""Who is connected: how many may be, and how long somebody may say nothing."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp.web_protocol import RequestHandler as Visitor

_MEETING = 1.0  # seconds between a visitor's being let in and their line's being there, at most


@dataclass(frozen=True)
class GatewayLimits:
    """How much of the gateway one program, or one stranger, may take up. Times are in seconds.

    `connections` are those to each of its listeners, `at_once` requests under way with one lease.
    After `refusals` in a row each further one takes a second.
    Whoever shows no pass within `first` is cut, whoever showed one and says nothing for `idle` too;
    a body has to be there within `body`, and what is sent has to be taken within `taken`.
    """

    connections: int = 256
    at_once: int = 64
    refusals: int = 100
    first: float = 30.0
    idle: float = 300.0
    body: float = 60.0
    drain: float = 60.0


class ConnectionLimiter:
    """All connections; whoever holds one up or floods a listener is cut, and told nothing."""

    def __init__(self, limits: GatewayLimits) -> None:
        self._limits = limits
        self._waiting: dict[Visitor, asyncio.TimerHandle] = {}

    def build_acceptor(self, server: Callable[[], Visitor]) -> Callable[[], asyncio.BaseProtocol]:
        """Return what accepts a listener's connections, as long as there are not too many."""
        here: dict[Visitor, float] = {}

        def accept() -> asyncio.BaseProtocol:
            now = asyncio.get_running_loop().time()
            for each in [each for each, since in here.items() if since < now - _MEETING]:
                if each.transport is None:
                    del here[each]
                    self._forget(each)
            if len(here) >= self._limits.connections:
                return _Rejected()
            visitor = server()
            here[visitor] = now
            self._wait(visitor, self._limits.first)
            return visitor

        return accept

    @contextmanager
    def suspend_timeout(self, visitor: Visitor) -> Iterator[None]:
        """Let a visitor with a pass take their time for the block."""
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
        """Wait for nobody any more."""
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()


class _Rejected(asyncio.Protocol):
    """Where there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Cut it."""
        if isinstance(transport, asyncio.Transport):
            transport.abort()
