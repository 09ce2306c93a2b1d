"""Messages that came while the bot was away: found over REST, answered as if just heard.

Only those that are for the bot, not too old and not too many; the others are left alone, which is
said once in the dev channel. Each channel is looked at apart: one that cannot be read keeps only
itself waiting, and is tried again until it is read or all in it is too old to be answered.
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

from bot.client import TheseusClient
from bot.domain.audience import Audience
from bot.domain.errors import ChatRejected, PortError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.posts import Post
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
"""Seconds to wait after Discord or the store failed; the last until it is too late."""

LEFT = (
    "I was away, and left some messages to me unanswered: older than {hours:g} hours, or more than "
    "{messages}. Please say again what still matters."
)

_READ = 200  # messages of a channel, from the newest back
_FAILED = (discord.HTTPException, aiohttp.ClientError, OSError)
_log = logging.getLogger(__name__)


class MessageReceiver(Protocol):
    """What hears live messages; missed ones go the same way."""

    async def is_for_me(self, message: discord.Message) -> bool:
        """Whether somebody says this to the bot."""
        ...

    def has_received(self, message_id: int) -> bool:
        """Whether the message came by itself meanwhile."""
        ...

    async def hear(self, message: discord.Message) -> None:
        """Answer a missed message, unless it came by itself meanwhile."""
        ...


class _Read(NamedTuple):
    """What was said in a channel since its cursor, newest first; `more`: it went on beyond."""

    channel: Where
    messages: Sequence[discord.Message]
    more: bool


class MissedMessages:
    """Looks for messages that were missed."""

    def __init__(self, bot: TheseusClient, cursors: Cursors, hearer: MessageReceiver) -> None:
        self._bot = bot
        self._cursors = cursors
        self._hearer = hearer
        self._places = Places(bot)
        self._left: list[ChannelSource] | None = None  # `None`: not looked yet
        self._seen = 0
        self._room = 0
        self._reported: set[str] = set()
        self._late: set[str] = set()

    @property
    def is_known(self) -> bool:
        """Whether the bot has looked, and knows of every channel that may hold something."""
        return self._left is not None and not any(place.everywhere for place in self._left)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to look at."""
        return self._left == []

    async def catch_up(self, retry_event: asyncio.Event) -> None:
        """Answer what was missed; return when all was seen, or is too old, or `again` is set."""
        clock, hours = self._bot.clock, self._bot.missed.hours
        deadline = clock.get_time() + timedelta(hours=hours)
        self._left, self._room = None, self._bot.missed.messages
        for wait in itertools.chain(RETRIES, itertools.repeat(RETRIES[-1])):
            if await self._attempt():
                return
            if clock.get_time() >= deadline:
                await self._give_up(hours)
                return
            if await self._wait_for_retry(wait, retry_event):
                return

    async def _attempt(self) -> bool:
        """Look at what is left; return whether nothing is. Whatever fails is looked at again."""
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
        """Wait; return whether all is to be looked at anew meanwhile."""
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
        """Find out where to look; on the very first start begin with what is new."""
        before = await self._cursors.open()
        places = self._places.list_places(list(self._cursors.direct))
        if places is None:
            return False
        if not before:
            await self._begin(places)
            places = []
        self._left, self._seen = places, 0
        return True

    async def _begin(self, places: Iterable[ChannelSource]) -> None:
        """Begin after what has been said already, by Discord's own ids: clocks differ."""
        seen = self._bot.identity.dev_channel_id
        for place in places:
            for channel in await self._open_place(place) or ():
                seen = max(seen, get_last_message_id(channel))
                if isinstance(channel, discord.DMChannel):
                    with suppress(discord.HTTPException):  # told where it is read
                        async for message in channel.history(limit=1):
                            seen = max(seen, message.id)
        await self._cursors.settle(seen)
        await self._cursors.release()

    async def _look(self, places: Iterable[ChannelSource]) -> list[ChannelSource]:
        """Answer what was missed in these places, oldest first; return those to look at again."""
        read, again = list[_Read](), list[ChannelSource]()
        for place in places:
            channels = await self._open_place(place)
            if channels is None:
                self._cursors.hold_back(place.channel_id, place.person_id)
                again.append(place)
            for channel in channels or ():
                self._seen = max(self._seen, get_last_message_id(channel))
                found = await self._read_channel(build_source(channel), channel)
                if found is None:
                    self._cursors.hold_back(channel.id)
                    again.append(build_source(channel))
                else:
                    read.append(found)
        await self._answer_all(read, all_known=not any(place.everywhere for place in again))
        return again

    async def _answer_all(self, read: Sequence[_Read], *, all_known: bool) -> None:
        chosen, left = await self._choose_messages(read)
        chosen = [message for message in chosen if not self._hearer.has_received(message.id)]
        for channel, messages, _ in read:
            newest = max((message.id for message in messages), default=0)
            mine = [message.id for message in chosen if message.channel.id == channel.id]
            self._cursors.take(channel.id, mine, newest)
        if left:
            await self._say_what_is_left()  # before a cursor moves past it
        await self._cursors.release_channels(channel.id for channel, _, _ in read)
        if all_known and not self.is_known:
            await self._cursors.release()
        self._room -= len(chosen)
        for message in chosen:
            await self._answer(message)

    async def _open_place(self, place: ChannelSource) -> Sequence[Where] | None:
        """Return the channels of a place: none where it is refused, `None` where again may help."""
        try:
            return await place.open()
        except _FAILED as error:
            return self._handle_error(place, error)

    async def _read_channel(self, place: ChannelSource, channel: Where) -> _Read | None:
        try:
            return await self._read(channel)
        except _FAILED as error:
            return (
                None if self._handle_error(place, error) is None else _Read(channel, (), more=False)
            )

    def _handle_error(self, place: ChannelSource, error: Exception) -> Sequence[Where] | None:
        """Return `None` if it may pass, else nothing: a refusal is told once, and is for good."""
        refused = isinstance(error, discord.HTTPException) and error.status < 500
        if not refused or (isinstance(error, discord.HTTPException) and error.status == 429):
            level = logging.DEBUG if place.name in self._late else logging.WARNING
            self._late.add(place.name)
            _log.log(level, "%s cannot be read now, again later: %s", place.name, error)
            return None
        self._tell(place, error)
        return ()

    def _tell(self, place: ChannelSource, error: Exception) -> None:
        """Write down, once, that what was missed in a place stays unanswered."""
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
            audience=Audience.TEAM,  # no message was read: it holds what Discord or the bot says
        )

    async def _choose_messages(self, read: Iterable[_Read]) -> tuple[list[discord.Message], bool]:
        """Return what is to be answered, oldest first, and whether something is left out."""
        limits = self._bot.missed
        oldest = self._bot.clock.get_time() - timedelta(hours=limits.hours)
        left = any(each.more for each in read)
        found = (message for each in read for message in each.messages)
        chosen: list[discord.Message] = []
        for message in sorted(found, key=lambda message: message.id, reverse=True):
            if not await self._hearer.is_for_me(message):
                continue
            if message.created_at < oldest or len(chosen) >= self._room:
                left = True
                break
            chosen.append(message)
        return chosen[::-1], left

    async def _answer(self, message: discord.Message) -> None:
        """Answer one, and leave time until the next; one that fails is no reason to stop."""
        await self._fetch_author(message)
        [ended] = await asyncio.gather(self._record_message(message), return_exceptions=True)
        if isinstance(ended, Exception):
            _log.error("a missed message could not be answered", exc_info=ended)
            await self._cursors.advance(message.channel.id, message.id)
        await self._bot.clock.sleep(PACE)

    async def _record_message(self, message: discord.Message) -> None:
        with self._bot.recorder.measure(
            Kind.LISTENER,
            "missed_message",
            user_id=message.author.id,
            channel_id=message.channel.id,
            guild_id=message.guild.id if message.guild else None,
            audience=get_audience(self._bot, message),
        ):
            await self._hearer.hear(message)

    async def _fetch_author(self, message: discord.Message) -> None:
        """Find out the roles of somebody who is not in the cache: rights hang on them."""
        if message.guild and not isinstance(message.author, discord.Member):
            with suppress(discord.HTTPException):  # left the server meanwhile: has no role there
                message.author = await message.guild.fetch_member(message.author.id)

    async def _say_what_is_left(self) -> None:
        limits, mark = self._bot.missed, self._cursors.mark
        text = LEFT.format(hours=limits.hours, messages=limits.messages)
        with suppress(ChatRejected):
            await self._bot.chat.post(
                self._bot.identity.dev_channel_id, Post(text=text), key=f"missed:{mark}"
            )

    async def _read(self, channel: Where) -> _Read:
        """Return what was said since the cursor; nothing where the bot may not look."""
        cursor, messages = self._cursors.get(channel.id), list[discord.Message]()
        if 0 < get_last_message_id(channel) <= cursor:
            return _Read(channel, (), more=False)
        with suppress(discord.Forbidden, discord.NotFound):
            async for message in channel.history(limit=_READ, oldest_first=False):
                if message.id <= cursor:
                    return _Read(channel, messages, more=False)
                messages.append(message)
        asked_there = isinstance(channel, discord.DMChannel) or is_in_dev_channel(
            self._bot, channel
        )
        return _Read(channel, messages, more=asked_there and len(messages) == _READ)
