"""Detects whether the chat can be reached, from the connection and the outbox."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.alert import ChatOutage
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.outbox import OutboxDepth

_KEY = "chat-outage"
_CONNECTING = timedelta(seconds=30)  # what a start needs to connect
_AWAY = timedelta(minutes=10)  # longer than a supervisor needs for a restart


class MessageBacklog(Protocol):
    """The messages that wait to be sent."""

    async def get_depth(self) -> OutboxDepth:
        """Return how many messages wait, and the number of the oldest. Raises `StoreError`."""
        ...


class ChatReach:
    """Knows since when the chat has been out of reach, also across restarts.

    The chat counts as out of reach if there is no connection, or if the same message has been the
    oldest in the outbox, for `patience`. A program that cannot connect exits and is restarted, so
    the state is stored. It is discarded if the program was not running for so long that a person
    has probably switched it off.
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
        """Use this patience from now on."""
        self._patience = patience

    async def get_down_since(self, *, ending: bool = False) -> datetime | None:
        """Return when the outage began; `None` if there is none or it is shorter than `patience`.

        A program that has just started is not connected yet. That does not count as an outage,
        unless the program is `ending` because of it. Raises `StoreError`.
        """
        now = self._clock.now()
        self._first_look = self._first_look or now
        previous = self._known or await self._load(now)
        depth = await self._backlog.get_depth()
        since = None if self._connected() else previous.since or now
        stuck_since = previous.message_since if depth.oldest == previous.message else None
        current = ChatOutage(
            looked_at=now,
            since=since,
            message=depth.oldest,
            message_since=None if depth.oldest is None else stuck_since or now,
        )
        self._known = current
        if current.replace(looked_at=previous.looked_at) != previous or since is not None:
            await self._key_values.put(_KEY, current)
        if not ending and now - self._first_look < min(_CONNECTING, self._patience):
            return None
        beginnings = [at for at in (current.since, current.message_since) if at is not None]
        return min((at for at in beginnings if now - at >= self._patience), default=None)

    async def _load(self, now: datetime) -> ChatOutage:
        stored = await self._key_values.get(_KEY, ChatOutage)
        if stored is None or now - stored.looked_at > max(_AWAY, self._patience):
            return ChatOutage(looked_at=now)
        return stored
