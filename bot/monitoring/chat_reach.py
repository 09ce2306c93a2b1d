"""Whether the chat can be reached: the connection, and what waits to be sent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.alert import ChatOutage
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.outbox import OutboxDepth

_KEY = "chat-outage"
_CONNECTING = timedelta(seconds=30)
_AWAY = timedelta(minutes=10)


class MessageBacklog(Protocol):
    """What waits to be sent."""

    async def get_depth(self) -> OutboxDepth:
        """Return how much it is, and the number of the oldest. Raises `StoreError`."""
        ...


class ChatReach:
    """Tells since when the chat has been out of reach, also over restarts.

    It is where there is no connection, or where the same message has been the oldest that waits,
    for `patience`. A program that cannot connect ends and is started again: what it has seen is
    kept, unless it was away for so long in between that somebody has switched it off.
    """

    def __init__(
        self,
        connected: Callable[[], bool],
        backlog: MessageBacklog,
        key_values: KeyValueStore,
        clock: Clock,
        patience: timedelta,
    ) -> None:
        self._connected = connected
        self._backlog = backlog
        self._key_values = key_values
        self._clock = clock
        self._patience = patience
        self._known: ChatOutage | None = None
        self._first_look: datetime | None = None

    def reconfigure(self, patience: timedelta) -> None:
        """Have so much patience from now on."""
        self._patience = patience

    async def get_down_since(self, *, ending: bool = False) -> datetime | None:
        """Return since when it is out of reach; `None`: it is not, or not for long.

        A program that has just been started is not connected yet, which says nothing unless it is
        `ending` for that. Raises `StoreError`.
        """
        now = self._clock.get_time()
        self._first_look = self._first_look or now
        before = self._known or await self._load(now)
        depth = await self._backlog.get_depth()
        since = None if self._connected() else before.since or now
        stuck = before.message_since if depth.oldest == before.message else None
        seen = ChatOutage(
            looked_at=now,
            since=since,
            message=depth.oldest,
            message_since=None if depth.oldest is None else stuck or now,
        )
        self._known = seen
        if seen.replace(looked_at=before.looked_at) != before or since is not None:
            await self._key_values.put(_KEY, seen)
        if not ending and now - self._first_look < min(_CONNECTING, self._patience):
            return None
        begun = [at for at in (seen.since, seen.message_since) if at is not None]
        return min((at for at in begun if now - at >= self._patience), default=None)

    async def _load(self, now: datetime) -> ChatOutage:
        kept = await self._key_values.get(_KEY, ChatOutage)
        if kept is None or now - kept.looked_at > max(_AWAY, self._patience):
            return ChatOutage(looked_at=now)
        return kept
