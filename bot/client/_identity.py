"""Where the bot lives, and for whom it works."""

from dataclasses import dataclass

from bot.domain.people import AllowList


@dataclass(frozen=True)
class Identity:
    """Where the bot lives and for whom it works."""

    guild_id: int | None
    dev_channel_id: int
    people: AllowList
    answers_unaddressed: bool = False
    """Whether questions that are said to nobody are for the bot, as in a demo."""
