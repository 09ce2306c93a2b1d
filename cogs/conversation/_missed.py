"""Messages that came while the bot was away: found over REST, answered as if just heard.

Only those that are for the bot, not too old and not too many; the others are left alone, which is
said once in the dev channel.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, Protocol

import aiohttp
import discord

from bot.client import TheseusClient
from bot.domain.errors import ChatRejected, PortError
from bot.domain.journal import Kind
from bot.domain.posts import Post
from cogs.conversation._cursors import Cursors
from cogs.ui import in_dev_channel

PACE = 1.0
"""Seconds between two answers to missed messages."""

RETRIES = (5.0, 30.0, 120.0)
"""Seconds to wait after Discord or the shelf failed."""

LEFT = (
    "I was away, and left some messages to me unanswered: older than {hours:g} hours, or more than "
    "{messages}. Please say again what still matters."
)

_READ = 200  # messages of a channel, from the newest back
_THREADS = 50
_ELSEWHERE = 10  # other channels, where somebody may have mentioned the bot
_DIRECT = 10  # listed people whose direct channel is opened to look
_log = logging.getLogger(__name__)

Where = discord.TextChannel | discord.Thread | discord.DMChannel


class Ears(Protocol):
    """What hears live messages; missed ones go the same way."""

    async def is_for_me(self, message: discord.Message) -> bool:
        """Whether somebody says this to the bot."""
        ...

    def has_heard(self, message_id: int) -> bool:
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


class Missed:
    """Looks for messages that were missed."""

    def __init__(self, bot: TheseusClient, cursors: Cursors, ears: Ears) -> None:
        self._bot = bot
        self._cursors = cursors
        self._ears = ears

    async def catch_up(self) -> bool:
        """Answer what was missed; return whether all was seen. Where Discord fails, try again."""
        for wait in RETRIES:
            try:
                if await self._look():
                    return True
                error: Exception | str = "Discord does not show the dev channel"
            except (discord.HTTPException, aiohttp.ClientError, OSError, PortError) as failure:
                error = failure
            _log.warning("what was missed cannot be read, again in %s s: %s", wait, error)
            await self._bot.clock.sleep(wait)
        return False

    async def _look(self) -> bool:
        """Answer what was missed, oldest first; on the very first start begin with what is new.

        Until all is read no cursor moves. Returns whether all could be read.
        """
        dev = self._bot.get_channel(self._bot.identity.dev_channel_id)
        if not isinstance(dev, discord.TextChannel):
            return False  # in an outage of theirs; it may come back
        before = await self._cursors.open()
        places = [place async for place in self._places(dev)]
        seen = max((_last(place) for place in places), default=0)
        if not before:
            await self._begin(places, seen)
            return True
        read = [await self._read(place) for place in places]
        chosen, left = await self._chosen(read)
        chosen = [message for message in chosen if not self._ears.has_heard(message.id)]
        for channel, messages, _ in read:
            newest = max((message.id for message in messages), default=0)
            mine = [message.id for message in chosen if message.channel.id == channel.id]
            self._cursors.take(channel.id, mine, newest)
        if left:
            await self._say_what_is_left()  # before a cursor moves past it
        await self._cursors.release()
        for message in chosen:
            await self._answer(message)
        await self._cursors.settle(seen)
        return True

    async def _begin(self, places: Iterable[Where], seen: int) -> None:
        """Begin after what has been said already, by Discord's own ids: clocks differ."""
        for place in places:
            if isinstance(place, discord.DMChannel):
                async for message in place.history(limit=1):
                    seen = max(seen, message.id)
        await self._cursors.settle(max(seen, self._bot.identity.dev_channel_id))
        await self._cursors.release()

    async def _chosen(self, read: Iterable[_Read]) -> tuple[list[discord.Message], bool]:
        """Return what is to be answered, oldest first, and whether something is left out."""
        limits = self._bot.missed
        oldest = self._bot.clock.now() - timedelta(hours=limits.hours)
        left = any(each.more for each in read)
        found = (message for each in read for message in each.messages)
        chosen: list[discord.Message] = []
        for message in sorted(found, key=lambda message: message.id, reverse=True):
            if not await self._ears.is_for_me(message):
                continue
            if message.created_at < oldest or len(chosen) >= limits.messages:
                left = True
                break
            chosen.append(message)
        return chosen[::-1], left

    async def _answer(self, message: discord.Message) -> None:
        """Answer one, and leave time until the next; one that fails is no reason to stop."""
        await self._know_the_author(message)
        [ended] = await asyncio.gather(self._journalled(message), return_exceptions=True)
        if isinstance(ended, Exception):
            _log.error("a missed message could not be answered", exc_info=ended)
            await self._cursors.handled(message.channel.id, message.id)
        await self._bot.clock.sleep(PACE)

    async def _journalled(self, message: discord.Message) -> None:
        with self._bot.recorder.timed(
            Kind.LISTENER,
            "missed_message",
            user_id=message.author.id,
            channel_id=message.channel.id,
            guild_id=message.guild.id if message.guild else None,
        ):
            await self._ears.hear(message)

    async def _know_the_author(self, message: discord.Message) -> None:
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

    # Where to look

    async def _read(self, channel: Where) -> _Read:
        """Return what was said since the cursor; nothing where the bot may not look."""
        cursor, messages = self._cursors.of(channel.id), list[discord.Message]()
        if 0 < _last(channel) <= cursor:
            return _Read(channel, (), more=False)
        with suppress(discord.Forbidden, discord.NotFound):
            async for message in channel.history(limit=_READ, oldest_first=False):
                if message.id <= cursor:
                    return _Read(channel, messages, more=False)
                messages.append(message)
        asked_there = isinstance(channel, discord.DMChannel) or in_dev_channel(self._bot, channel)
        return _Read(channel, messages, more=asked_there and len(messages) == _READ)

    async def _places(self, dev: discord.TextChannel) -> AsyncIterator[Where]:
        """Yield the channels people talk to the bot in; each once."""
        yield dev
        for thread in await self._threads(dev):
            yield thread
        for channel in self._elsewhere(dev.guild):
            yield channel
        async for direct in self._direct_channels():
            yield direct

    async def _threads(self, dev: discord.TextChannel) -> list[discord.Thread]:
        """Return the active threads, and those of the dev channel archived of late."""
        threads = {thread.id: thread for thread in await dev.guild.active_threads()}
        since = self._bot.clock.now() - timedelta(hours=self._bot.missed.hours)
        with suppress(discord.Forbidden):  # it may not read the history
            async for thread in dev.archived_threads(limit=_THREADS):
                if thread.archive_timestamp < since:
                    break
                threads.setdefault(thread.id, thread)
        newest = sorted(threads.values(), key=_last, reverse=True)
        ours = [thread for thread in newest if in_dev_channel(self._bot, thread)]
        others = [thread for thread in newest if thread not in ours]
        return [*ours, *others][:_THREADS]

    def _elsewhere(self, guild: discord.Guild) -> list[discord.TextChannel]:
        """Return the other channels where something was said of late."""
        dev = self._bot.identity.dev_channel_id
        others = [channel for channel in guild.text_channels if channel.id != dev]
        return sorted(others, key=_last, reverse=True)[:_ELSEWHERE]

    async def _direct_channels(self) -> AsyncIterator[discord.DMChannel]:
        """Yield the direct channels of those who wrote in one, and of people on the list."""
        people = self._bot.identity.people
        listed = sorted(people.developers.users | people.approvers.users)
        for person_id in dict.fromkeys([*self._cursors.direct, *listed[:_DIRECT]]):
            with suppress(discord.Forbidden, discord.NotFound):
                user = self._bot.get_user(person_id) or await self._bot.fetch_user(person_id)
                yield user.dm_channel or await user.create_dm()


def _last(channel: Where) -> int:
    """Return the id of the newest message, as far as Discord told it."""
    return getattr(channel, "last_message_id", None) or 0
