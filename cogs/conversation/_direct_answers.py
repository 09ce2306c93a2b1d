"""Answers that pass no outbox: for when nothing can be stored."""

import logging

import discord

_LONGEST = 2_000  # characters that Discord takes
_log = logging.getLogger(__name__)


async def answer_directly(message: discord.Message, text: str) -> None:
    """Reply at once. An answer that Discord does not take is logged: nothing can keep it."""
    try:
        await message.reply(text[:_LONGEST], mention_author=False)
    except discord.HTTPException as error:
        _log.warning("the message %s got no answer: %s", message.id, error)
