"""Feedback: 👍 and 👎 on answers of a shipped change. They are counted, and decide nothing."""

import discord
from discord.ext import commands

from bot.client import TheseusClient
from bot.domain.use import Sign
from bot.self_improvement.watch.feedback import FeedbackService, SignedChange
from cogs.ui import find_interaction_id

_SIGNS: dict[str, Sign] = {"👍": "👍", "👎": "👎"}
_SHADES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # colours of skin


class Feedback(commands.Cog):
    """Counts reactions to the bot's own messages while the use of a change is counted."""

    def __init__(self, bot: TheseusClient, feedback: FeedbackService) -> None:
        self.bot = bot
        self._feedback = feedback

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Count the reaction."""
        if payload.member is not None and payload.member.bot:
            return
        found = await self._find_change(payload)
        if found is not None:
            change, sign = found
            await self._feedback.give(change, payload.user_id, sign)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Stop counting a reaction that was removed."""
        found = await self._find_change(payload)
        if found is not None:
            change, sign = found
            await self._feedback.take_back(change.run_id, payload.user_id, sign)

    async def _find_change(
        self, payload: discord.RawReactionActionEvent
    ) -> tuple[SignedChange, Sign] | None:
        """Return which change a reaction is about, and what it says; `None` for all others."""
        sign = _SIGNS.get(str(payload.emoji).rstrip(_SHADES))
        ours = self.bot.user.id if self.bot.user else 0
        if sign is None or payload.user_id == ours or payload.guild_id is None:
            return None
        if payload.message_author_id not in (None, ours):
            return None
        if not await self._feedback.is_counting():
            return None
        message = await self._fetch_message(payload)
        if message is None or message.author.id != ours:
            return None
        change = await self._feedback.find_signed_change(
            payload.channel_id, payload.message_id, find_interaction_id(self.bot, message)
        )
        return None if change is None else (change, sign)

    async def _fetch_message(
        self, payload: discord.RawReactionActionEvent
    ) -> discord.Message | None:
        channel = self.bot.get_partial_messageable(payload.channel_id)
        try:
            return await channel.fetch_message(payload.message_id)
        except (discord.NotFound, discord.Forbidden):
            return None  # deleted, or not visible to the bot


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Feedback(bot, bot.provide(FeedbackService)))
