"""Messages that arrived while the bot was away: found over REST and answered as if new.

Only messages for the bot are answered, if they are not too old and not too many; the dev channel is
told once that others were left. Channels are read separately: if one cannot be read, only that one
waits, and it is tried again until it is read or its messages are too old to answer.
"""

import asyncio
import itertools
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, Protocol

import aiohttp
import discord
import structlog

from bot.client import TheseusClient
from bot.domain.audience import Audience
from bot.domain.errors import ChatRejected, PortError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.posts import Post
from bot.grammar import Utterance
from cogs.conversation._cursors import Cursors
from cogs.conversation._places import (
    ChannelSource,
    Places,
    Where,
    build_source,
    get_last_message_id,
)
from cogs.ui import get_audience, is_in_dev_channel

PACE = 1.0  # seconds between two answers to missed messages
RETRIES = (5.0, 30.0, 120.0, 600.0)
"""Seconds to wait after a failure of Discord or the store; the last one is repeated."""
LEFT = (
    "I was away and did not answer some messages to me: they are older than {hours:g} hours, or "
    "there were more than {messages}. Please repeat what still matters."
)

_READ = 200  # newest messages of a channel that are read
_FAILED = (discord.HTTPException, aiohttp.ClientError, OSError)
_log = structlog.stdlib.get_logger(__name__)


class MessageReceiver(Protocol):
    """Handles live messages; missed messages take the same path."""

    async def parse_missed(self, message: discord.Message) -> Utterance | None:
        """Return what the message asks for; None if it is not for the bot."""

    def has_received(self, message_id: int) -> bool:
        """Return whether Discord delivered the message as an event in the meantime."""

    async def answer_missed(self, message: discord.Message, utterance: Utterance) -> None:
        """Answer a parsed message, unless it was delivered in the meantime."""


class _Read(NamedTuple):
    """The messages of a channel since its cursor, newest first; `more`: there are older ones."""

    channel: Where
    messages: Sequence[discord.Message]
    more: bool


class _Chosen(NamedTuple):
    """A message to answer, and what it asks for: it is parsed only once."""

    message: discord.Message
    utterance: Utterance


class MissedMessages:
    """Finds missed messages and answers them."""

    def __init__(self, bot: TheseusClient, cursors: Cursors, hearer: MessageReceiver) -> None:
        self._bot = bot
        self._cursors = cursors
        self._hearer = hearer
        self._places = Places(bot)
        self._left: list[ChannelSource] | None = None  # None: not read yet
        self._seen = 0
        self._room = 0
        self._reported: set[str] = set()
        self._late: set[str] = set()

    @property
    def is_known(self) -> bool:
        """True if the bot has looked and knows every channel that may hold missed messages."""
        return self._left is not None and not any(place.everywhere for place in self._left)

    @property
    def is_done(self) -> bool:
        """True if no channel is left to read."""
        return self._left == []

    async def catch_up(self, retry_event: asyncio.Event) -> None:
        """Answer missed messages until all were seen or are too old, or `retry_event` is set."""
        clock, hours = self._bot.clock, self._bot.missed.hours
        deadline = clock.now() + timedelta(hours=hours)
        self._left, self._room = None, self._bot.missed.messages
        for wait in itertools.chain(RETRIES, itertools.repeat(RETRIES[-1])):
            if await self._attempt():
                return
            if clock.now() >= deadline:
                await self._give_up(hours)
                return
            if await self._wait_for_retry(wait, retry_event):
                return

    async def _attempt(self) -> bool:
        """Read the channels that are left; return whether none is left. Keep failed ones."""
        try:
            if self._left is None and not await self._find_places():
                _log.warning("what was missed cannot be read: Discord shows no dev channel")
                return False
            self._left = await self._look(self._left or [])
            if self.is_done:
                await self._cursors.settle(self._seen)
        except (*_FAILED, PortError) as error:
            _log.warning("what was missed cannot be read now, again later: %s", error)
            return False
        return self.is_done

    async def _wait_for_retry(self, seconds: float, retry_event: asyncio.Event) -> bool:
        """Wait; return whether everything must be read again in the meantime."""
        pause, call = self._bot.clock.sleep(seconds), retry_event.wait()
        waiting = [asyncio.create_task(pause), asyncio.create_task(call)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return retry_event.is_set()

    async def _give_up(self, hours: float) -> None:
        """Leave alone what could not be read for so long: it is too old by now."""
        for place in self._left or ():
            self._tell(place, ChatRejected(f"it could not be read for {hours:g} h"))
        with suppress(PortError):  # the next start looks again
            await self._cursors.release_all()
            await self._cursors.settle(self._seen)
        self._left = []

    async def _find_places(self) -> bool:
        """List the channels to read; on the very first start, begin with new messages only."""
        before = await self._cursors.open()
        places = self._places.list_places(list(self._cursors.direct))
        if places is None:
            return False
        if not before:
            await self._begin(places)
        self._left, self._seen = places if before else [], 0
        return True

    async def _begin(self, places: Iterable[ChannelSource]) -> None:
        """Set the first cursors after the newest messages, by Discord's ids: clocks differ."""
        seen = self._bot.identity.dev_channel_id
        for place in places:
            for channel in await self._open_place(place) or ():
                seen = max(seen, get_last_message_id(channel))
                if isinstance(channel, discord.DMChannel):
                    with suppress(discord.HTTPException):  # reported when the channel is read
                        async for message in channel.history(limit=1):
                            seen = max(seen, message.id)
        await self._cursors.settle(seen)
        await self._cursors.release()

    async def _look(self, places: Iterable[ChannelSource]) -> list[ChannelSource]:
        """Answer what was missed in these places, oldest first; return the places to read again."""
        read, retries = list[_Read](), list[ChannelSource]()
        for place in places:
            channels = await self._open_place(place)
            if channels is None:
                self._cursors.hold_back(place.channel_id, place.person_id)
                retries.append(place)
            for channel in channels or ():
                self._seen = max(self._seen, get_last_message_id(channel))
                found = await self._read_channel(build_source(channel), channel)
                if found is None:
                    self._cursors.hold_back(channel.id)
                    retries.append(build_source(channel))
                else:
                    read.append(found)
        await self._answer_all(read, all_known=not any(place.everywhere for place in retries))
        return retries

    async def _answer_all(self, read: Sequence[_Read], *, all_known: bool) -> None:
        chosen, left = await self._choose_messages(read)
        chosen = [each for each in chosen if not self._hearer.has_received(each.message.id)]
        for channel, messages, _ in read:
            newest = max((message.id for message in messages), default=0)
            chosen_ids = [
                each.message.id for each in chosen if each.message.channel.id == channel.id
            ]
            self._cursors.take(channel.id, chosen_ids, newest)
        if left:
            await self._say_what_is_left()  # before a cursor moves past those messages
        await self._cursors.release_channels(channel.id for channel, _, _ in read)
        if all_known and not self.is_known:
            await self._cursors.release()
        self._room -= len(chosen)
        for message, utterance in chosen:
            await self._answer(message, utterance)

    async def _open_place(self, place: ChannelSource) -> Sequence[Where] | None:
        """Return the channels of a place: none if it is refused, None if a retry may help."""
        try:
            return await place.open()
        except _FAILED as error:
            return self._handle_error(place, error)

    async def _read_channel(self, place: ChannelSource, channel: Where) -> _Read | None:
        try:
            return await self._read(channel)
        except _FAILED as error:
            will_retry = self._handle_error(place, error) is None
            return None if will_retry else _Read(channel, (), more=False)

    def _handle_error(self, place: ChannelSource, error: Exception) -> Sequence[Where] | None:
        """Return None if a retry may help, else no channels; report a refusal once."""
        status = error.status if isinstance(error, discord.HTTPException) else None
        if status is None or status >= 500 or status == 429:  # an outage or a rate limit
            level = logging.DEBUG if place.name in self._late else logging.WARNING
            self._late.add(place.name)
            _log.log(level, "%s cannot be read now, again later: %s", place.name, error)
            return None
        self._tell(place, error)
        return ()

    def _tell(self, place: ChannelSource, error: Exception) -> None:
        """Record, once for each place, that its missed messages stay unanswered."""
        if place.name in self._reported:
            return
        self._reported.add(place.name)
        _log.warning("what was missed in %s stays unanswered: %s", place.name, error)
        self._bot.recorder.record(
            Kind.LISTENER,
            "missed_messages",
            ActionOutcome.ERROR,
            channel_id=place.channel_id,
            user_id=place.person_id,
            error=error,
            audience=Audience.TEAM,  # no message was read, so the error has no private text
        )

    async def _choose_messages(self, read: Iterable[_Read]) -> tuple[list[_Chosen], bool]:
        """Return the messages to answer, oldest first, and whether others are left out."""
        limits = self._bot.missed
        oldest = self._bot.clock.now() - timedelta(hours=limits.hours)
        left = any(each.more for each in read)
        found = (message for each in read for message in each.messages)
        chosen: list[_Chosen] = []
        for message in sorted(found, key=lambda message: message.id, reverse=True):
            utterance = await self._hearer.parse_missed(message)
            if utterance is None:
                continue
            if message.created_at < oldest or len(chosen) >= self._room:
                left = True
                break
            chosen.append(_Chosen(message, utterance))
        return chosen[::-1], left

    async def _answer(self, message: discord.Message, utterance: Utterance) -> None:
        """Answer one message and pause before the next; a failed one does not stop the others."""
        await self._fetch_author(message)
        [ended] = await asyncio.gather(
            self._record_message(message, utterance), return_exceptions=True
        )
        if isinstance(ended, Exception):
            _log.error("a missed message could not be answered", exc_info=ended)
            await self._cursors.advance(message.channel.id, message.id)
        await self._bot.clock.sleep(PACE)

    async def _record_message(self, message: discord.Message, utterance: Utterance) -> None:
        with self._bot.recorder.measure(
            Kind.LISTENER,
            "missed_message",
            user_id=message.author.id,
            channel_id=message.channel.id,
            guild_id=message.guild.id if message.guild else None,
            audience=get_audience(self._bot, message),
        ):
            await self._hearer.answer_missed(message, utterance)

    async def _fetch_author(self, message: discord.Message) -> None:
        """Fetch the roles of an author who is not in the cache: rights depend on them."""
        if message.guild and not isinstance(message.author, discord.Member):
            with suppress(discord.HTTPException):  # they left the server, so they have no role
                message.author = await message.guild.fetch_member(message.author.id)

    async def _say_what_is_left(self) -> None:
        limits, mark = self._bot.missed, self._cursors.mark
        post = Post(text=LEFT.format(hours=limits.hours, messages=limits.messages))
        with suppress(ChatRejected):
            dev_channel = self._bot.identity.dev_channel_id
            await self._bot.chat.post(dev_channel, post, key=f"missed:{mark}")

    async def _read(self, channel: Where) -> _Read:
        """Return the messages since the cursor; none if the bot may not read the channel."""
        cursor, messages = self._cursors.get(channel.id), list[discord.Message]()
        if 0 < get_last_message_id(channel) <= cursor:
            return _Read(channel, (), more=False)
        with suppress(discord.Forbidden, discord.NotFound):
            async for message in channel.history(limit=_READ, oldest_first=False):
                if message.id <= cursor:
                    return _Read(channel, messages, more=False)
                messages.append(message)
        is_ours = isinstance(channel, discord.DMChannel) or is_in_dev_channel(self._bot, channel)
        return _Read(channel, messages, more=is_ours and len(messages) == _READ)
