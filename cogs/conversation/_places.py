"""The channels where somebody may have written to the bot while it was away."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.client import TheseusClient
from cogs.ui import is_in_dev_channel

_THREADS = 50
_MAX_OTHER_CHANNELS = 10  # most other channels in which somebody may have mentioned the bot
_DIRECT = 10  # most listed people whose direct channel is opened

Where = discord.TextChannel | discord.Thread | discord.DMChannel


@dataclass(frozen=True)
class ChannelSource:
    """A place to read: `name` is for the log, `open` returns its channels.

    `everywhere` is True if the place must be opened before its channels are known.
    """

    name: str
    open: Callable[[], Awaitable[Sequence[Where]]]
    channel_id: int | None = None
    person_id: int | None = None
    everywhere: bool = False


class Places:
    """Lists the channels in which people write to the bot."""

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot

    def list_places(self, direct: Sequence[int]) -> list[ChannelSource] | None:
        """Return every place once; `direct` are the people who wrote to the bot directly before.

        Returns None if Discord does not show the dev channel: that may be an outage, so a retry may
        help.
        """
        dev = self._bot.get_channel(self._bot.identity.dev_channel_id)
        if not isinstance(dev, discord.TextChannel):
            return None
        people = self._bot.identity.people.common
        listed = sorted(people.developers.users | people.approvers.users)[:_DIRECT]
        return [
            build_source(dev),
            ChannelSource("the threads", lambda: self._list_threads(dev), everywhere=True),
            *map(build_source, self._list_other_channels(dev.guild)),
            *map(self._build_direct_source, dict.fromkeys([*direct, *listed])),
        ]

    async def _list_threads(self, dev: discord.TextChannel) -> list[discord.Thread]:
        """Return the active threads, and those of the dev channel archived of late."""
        threads = {thread.id: thread for thread in await dev.guild.active_threads()}
        since = self._bot.clock.now() - timedelta(hours=self._bot.missed.hours)
        with suppress(discord.Forbidden):  # the bot may not read the history
            async for thread in dev.archived_threads(limit=_THREADS):
                if thread.archive_timestamp < since:
                    break
                threads.setdefault(thread.id, thread)
        newest = sorted(threads.values(), key=get_last_message_id, reverse=True)
        ours = [thread for thread in newest if is_in_dev_channel(self._bot, thread)]
        others = [thread for thread in newest if thread not in ours]
        return [*ours, *others][:_THREADS]

    def _list_other_channels(self, guild: discord.Guild) -> list[discord.TextChannel]:
        """Return the other channels where something was said of late."""
        dev = self._bot.identity.dev_channel_id
        others = [channel for channel in guild.text_channels if channel.id != dev]
        return sorted(others, key=get_last_message_id, reverse=True)[:_MAX_OTHER_CHANNELS]

    def _build_direct_source(self, person_id: int) -> ChannelSource:
        async def open_channel() -> list[discord.DMChannel]:
            user = self._bot.get_user(person_id) or await self._bot.fetch_user(person_id)
            return [user.dm_channel or await user.create_dm()]

        return ChannelSource(
            f"the direct channel of {person_id}", open_channel, person_id=person_id
        )


def build_source(channel: Where) -> ChannelSource:
    """Return the place that is just this channel."""

    async def open_channel() -> list[Where]:
        return [channel]

    return ChannelSource(f"the channel {channel.id}", open_channel, channel_id=channel.id)


def get_last_message_id(channel: Where) -> int:
    """Return the id of the newest message, as far as Discord reported it."""
    return getattr(channel, "last_message_id", None) or 0
