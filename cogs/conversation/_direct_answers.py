"""Answers that bypass the outbox: for when the store fails."""

import discord
import structlog

_LONGEST = 2_000  # most characters of a Discord message
_log = structlog.stdlib.get_logger(__name__)


async def answer_directly(message: discord.Message, text: str) -> None:
    """Reply at once; if Discord rejects the answer, log it, because nothing can store it."""
    try:
        await message.reply(text[:_LONGEST], mention_author=False)
    except discord.HTTPException as error:
        _log.warning("the message %s got no answer: %s", message.id, error)
