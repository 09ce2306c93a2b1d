"""Loads the pictures of a report from Discord when a model is about to read it."""

import asyncio
from collections.abc import Sequence

import discord
import structlog

from bot.adapters.discord_chat._errors import map_errors
from bot.domain.errors import ChatRejected, ChatUnavailable
from bot.domain.posts import MessageRef
from bot.domain.report_picture import ReportPicture
from bot.infra.picture_files import MOST_BYTES, MOST_PICTURES, clean_picture

_SECONDS = 20.0  # for all of them; the model waits
_log = structlog.stdlib.get_logger(__name__)


class DiscordReportPictures:
    """Implements `bot.ports.report_pictures.ReportPictures`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def load(self, ref: MessageRef, author_id: int) -> Sequence[ReportPicture]:
        """Return the pictures of a message; see the port."""
        try:
            async with asyncio.timeout(_SECONDS):
                return await map_errors(lambda: self._load(ref, author_id))
        except (ChatRejected, ChatUnavailable, TimeoutError) as error:
            _log.warning("a report is read without its pictures: %s", error)
            return ()

    async def _load(self, ref: MessageRef, author_id: int) -> Sequence[ReportPicture]:
        channel = self._client.get_partial_messageable(ref.channel_id)
        message = await channel.fetch_message(ref.message_id)
        if message.author.id != author_id:
            return ()
        pictures: list[ReportPicture] = []
        for attachment in message.attachments:
            if len(pictures) < MOST_PICTURES and attachment.size <= MOST_BYTES:
                content = await attachment.read()
                # In a thread: checking a large picture takes up to a second.
                if picture := await asyncio.to_thread(clean_picture, content):
                    pictures.append(picture)
        return tuple(pictures)
