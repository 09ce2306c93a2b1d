"""How far each channel was handled. A cursor moves only past messages that are done.

Messages are handled concurrently and not always in order. So a cursor stays before the oldest
message that is still being handled. While messages may be missing, no cursor moves.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from bot.domain.message_cursors import CURSORS, MARK, Cursor, HandledMark
from bot.ports.key_value_store import KeyValueStore

CHATTER = 25
"""How many messages that are not for the bot may pass before the cursor is stored."""


class _Channel:
    """What is known of one channel."""

    def __init__(self, cursor: Cursor, *, is_saved: bool) -> None:
        self.cursor = cursor
        self.newest = cursor.message_id
        self.in_hand: set[int] = set()
        self.unkept = 0
        self.is_saved = is_saved
        self.held = False


class MessageTurn(AbstractAsyncContextManager["MessageTurn"]):
    """A context in which one message is handled; the cursor moves past it afterwards.

    The code inside sets `addressed` if the message is for the bot.
    """

    def __init__(self, cursors: "Cursors", channel_id: int, message_id: int) -> None:
        self._cursors = cursors
        self._channel_id, self._message_id = channel_id, message_id
        self.addressed = False
        self.answered = False
        self.person_id: int | None = None

    async def __aenter__(self) -> "MessageTurn":
        self._cursors.take(self._channel_id, [self._message_id])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Move the cursor, unless the bot is shutting down: a failed message is not tried again."""
        if kind is None or issubclass(kind, Exception):
            await self._cursors.advance(self._channel_id, self._message_id, self)


class Cursors:
    """The cursors of all channels, stored in the key-value store."""

    def __init__(self, key_values: KeyValueStore) -> None:
        self._key_values = key_values
        self._channels: dict[int, _Channel] = {}
        self._mark: int | None = None
        self._holding = True
        self._awaited: set[int] = set()  # people whose direct channel is not known yet

    async def open(self) -> bool:
        """Load the stored cursors; return whether the bot has listened before."""
        mark = await self._key_values.get(MARK, HandledMark)
        for cursor in await self._key_values.list_records(CURSORS, Cursor):
            known = self._channels.setdefault(cursor.channel_id, _Channel(cursor, is_saved=True))
            if known.cursor.message_id < cursor.message_id:
                known.cursor, known.is_saved = cursor, True
        self._mark = max(self._mark or 0, mark.message_id) if mark else self._mark
        return self._mark is not None

    @property
    def mark(self) -> int:
        """The message id at which a channel without a cursor begins."""
        return self._mark or 0

    @property
    def direct(self) -> dict[int, int]:
        """The people who wrote direct messages to the bot, with their channel ids."""
        cursors = [channel.cursor for channel in self._channels.values()]
        return {c.person_id: c.channel_id for c in cursors if c.person_id is not None}

    def get(self, channel_id: int) -> int:
        """Return the id of the last message of a channel that was handled."""
        channel = self._channels.get(channel_id)
        return max(self.mark, channel.cursor.message_id if channel else 0)

    def hold(self) -> None:
        """Move no cursor from now on: messages may be missing."""
        self._holding = True

    async def release(self) -> None:
        """Let the cursors move: no message is missing, or the missing ones are being handled."""
        self._holding = False
        for channel in list(self._channels.values()):
            self._move(channel)
            if not channel.is_saved:
                await self._keep(channel)

    def hold_back(self, channel_id: int | None, person_id: int | None = None) -> None:
        """Hold the cursor of a channel, or of a person's direct channel: it is unreadable."""
        if channel_id is not None:
            self._get_channel(channel_id).held = True
        if person_id is not None:
            self._awaited.add(person_id)

    async def release_channels(self, channel_ids: Iterable[int]) -> None:
        """Let the cursors of these channels move again: they were read."""
        for number in channel_ids:
            channel = self._get_channel(number)
            channel.held = False
            if not self._holding:
                self._move(channel)
                if not channel.is_saved:
                    await self._keep(channel)

    async def release_all(self) -> None:
        """Let every cursor move, including those of channels that could not be read."""
        self._awaited.clear()
        for channel in self._channels.values():
            channel.held = False
        await self.release()

    def take(self, channel_id: int, message_ids: Iterable[int], newest: int = 0) -> None:
        """Mark messages as being handled; `newest` is the newest id seen in the channel."""
        channel = self._get_channel(channel_id)
        channel.in_hand.update(message_ids)
        channel.newest = max([channel.newest, newest, *channel.in_hand])

    async def advance(
        self, channel_id: int, message_id: int, turn: MessageTurn | None = None
    ) -> None:
        """Move past a message; store the cursor at once if the message was for the bot."""
        channel = self._get_channel(channel_id)
        channel.in_hand.discard(message_id)
        person = turn.person_id if turn else None
        if person is not None and channel.cursor.person_id is None:
            channel.cursor = channel.cursor.replace(person_id=person)
        if (
            person in self._awaited
        ):  # this is that person's channel, and its earlier messages were not read
            self._awaited.discard(person)
            channel.held = True
        channel.unkept += CHATTER if turn is None or turn.addressed else 1
        if self._holding:
            channel.is_saved = False
            return
        self._move(channel)
        if channel.unkept >= CHATTER:
            await self._keep(channel)

    async def settle(self, seen: int) -> None:
        """Start channels without a cursor at `seen`: all channels were read up to that message."""
        in_hand = [message for c in self._channels.values() for message in c.in_hand]
        mark = min([seen, *(message - 1 for message in in_hand)])
        if self._mark is not None and mark <= self._mark:
            return
        self._mark = mark
        await self._key_values.put(MARK, HandledMark(message_id=mark))
        for number, channel in list(self._channels.items()):
            idle = channel.cursor.message_id <= mark and not (channel.in_hand or channel.held)
            if idle and channel.cursor.person_id is None:
                del self._channels[number]
                await self._key_values.remove(f"{CURSORS}{number}")

    def _get_channel(self, channel_id: int) -> _Channel:
        if channel_id not in self._channels:
            cursor = Cursor(channel_id=channel_id, message_id=self.get(channel_id))
            self._channels[channel_id] = _Channel(cursor, is_saved=True)
        return self._channels[channel_id]

    def _move(self, channel: _Channel) -> None:
        if channel.held:
            return
        safe = min(channel.in_hand) - 1 if channel.in_hand else channel.newest
        if safe > channel.cursor.message_id:
            channel.cursor, channel.is_saved = channel.cursor.replace(message_id=safe), False

    async def _keep(self, channel: _Channel) -> None:
        channel.unkept, channel.is_saved = 0, True
        await self._key_values.put(f"{CURSORS}{channel.cursor.channel_id}", channel.cursor)
