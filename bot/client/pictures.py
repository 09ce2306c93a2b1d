"""Which attached pictures a model can see, so that a cog can say so."""

import asyncio

import aiohttp
import discord

from bot.infra.picture_files import MOST_BYTES, MOST_PICTURES, clean_picture

__all__ = ["MOST_PICTURES", "is_picture"]


async def is_picture(file: discord.Attachment) -> bool:
    """Return whether the file's content, not only its name, is a picture that a model can see."""
    if not (file.content_type or "").startswith("image/") or file.size > MOST_BYTES:
        return False
    try:
        content = await file.read()
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError):
        return False
    # In a thread: checking a large picture takes up to a second.
    return await asyncio.to_thread(clean_picture, content) is not None
