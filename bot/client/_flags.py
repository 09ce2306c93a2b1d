"""Tells cogs whether a feature flag is on for the person who asks."""

from collections.abc import Callable
from typing import Any

import discord

from bot.client._exchanges import record_flag
from bot.domain.flag import Asker, Flag, is_on, is_valid_name


class Flags:
    """Looks up flags in memory, which is fast enough for every command and message.

    `find` returns the flag of a name, or `None` if it was never switched.
    """

    def __init__(self, find: Callable[[str], Flag | None], dev_channel_id: int) -> None:
        self._find = find
        self._dev_channel_id = dev_channel_id

    def on(self, name: str, source: discord.Interaction[Any] | discord.Message | None) -> bool:
        """Return whether the flag is on for the person and channel of `source`.

        With `None`, as in a loop, a flag is on only if it is on for everyone. A flag that was never
        switched is off. Raises `ValueError` if the name is not a valid flag name.
        """
        if not is_valid_name(name):
            raise ValueError(f"a flag is called like `coinflip` or `roll-advantage`, not {name!r}")
        flag = self._find(name)
        on = is_on(flag, None if source is None or flag is None else self._build_asker(source))
        record_flag(name, on=on)
        return on

    def _build_asker(self, source: discord.Interaction[Any] | discord.Message) -> Asker:
        person = source.author if isinstance(source, discord.Message) else source.user
        channel = source.channel
        places = (getattr(channel, "id", None), getattr(channel, "parent_id", None))
        channels = frozenset(each for each in places if each is not None)
        return Asker(person.id, channels, self._dev_channel_id in channels)


def find_no_flag(_name: str) -> Flag | None:
    """Return `None`: there are no flags."""
    return None
