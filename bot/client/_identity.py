"""Where the bot lives, and for whom it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.guilds import AllowLists, GuildSettings
from bot.domain.shard import Shard


@dataclass(frozen=True)
class Identity:
    """Where the bot lives and for whom it works."""

    guild_id: int | None
    dev_channel_id: int
    people: AllowLists
    answers_unaddressed: bool = False
    """Whether questions that are said to nobody are for the bot, as in a demo."""
    shard: Shard | None = None
    """The servers whose events come to this process; `None`: all."""
    guilds: Mapping[int, GuildSettings] = field(default_factory=dict)
    """The servers with settings of their own, by id."""
