"""One message that is for the bot: Discord's object, and what the intake decides with."""

import re
from dataclasses import dataclass

import discord

from bot.intake.message import Message

_SEPARATOR = re.compile(r"\W+")
_OUR_NAMES = re.compile(r"(?:theseus|bot)?", re.IGNORECASE)


@dataclass
class IncomingMessage:
    """A message and its parsed request; `unread` says which of its files were not read."""

    message: discord.Message
    request: Message
    unread: str = ""


def mention_of(name: str) -> str:
    """Return how a mentioned person appears in text: `@Ada_Byron`, always one word.

    Otherwise a person named “theseus, ship it” would put that sentence into every message that
    mentions them.
    """
    word = _SEPARATOR.sub("_", name).strip("_")
    return "@someone" if _OUR_NAMES.fullmatch(word) else f"@{word}"
