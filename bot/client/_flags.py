"""What cogs ask of flags: whether new behaviour is there for whoever asks."""

from collections.abc import Callable
from typing import Any

import discord

from bot.client._exchanges import record_flag
from bot.domain.flag import Asker, Flag, is_on, is_valid_name


class Flags:
    """Answers from memory: cheap enough for every command and every message.

    `find` returns the flag of a name; `None`: nobody ever switched it.
    """

    def __init__(self, find: Callable[[str], Flag | None], dev_channel_id: int) -> None:
        self._find = find
        self._dev_channel_id = dev_channel_id

    def on(self, name: str, source: discord.Interaction[Any] | discord.Message | None) -> bool:
        """Whether the flag is on for whoever asks, or said that, where they did.

        With `None`, for what nobody asks for (a loop), only one is that is on for everybody. One
        that nobody ever switched is off. Raises `ValueError` for a name that no flag can have.
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
    """Know of no flag."""
    return None
