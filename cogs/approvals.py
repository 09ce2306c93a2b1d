"""Approvals: buttons, reactions and `/ship`. Words are heard by the conversation."""

import hashlib

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from bot.domain.errors import TheseusError, UnknownRun
from bot.domain.posts import Post
from bot.self_improvement import ApprovalRequest
from cogs.ui import RunButton, card_seen, person_of, shipping_text

SHIP_EMOJI = frozenset({"🚢", "🛳️", "🛳", "⛴️", "⛴", "✅", "☑️", "☑", "✔️", "✔"})


class Approvals(commands.Cog):
    """Every way to say "ship it" ends in the agent's one authorisation."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Make the buttons of every card, old ones too, work."""
        self.bot.add_dynamic_items(RunButton)

    async def cog_unload(self) -> None:
        """Let a reloaded cog bring its own."""
        self.bot.remove_dynamic_items(RunButton)

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Ship when the reaction is a ship or a check mark on a proposal card."""
        mine = self.bot.user is not None and payload.user_id == self.bot.user.id
        if mine or str(payload.emoji) not in SHIP_EMOJI:
            return
        try:
            await self.bot.agent.find(thread_id=payload.channel_id)
        except UnknownRun:
            return
        user = payload.member or await self.bot.fetch_user(payload.user_id)
        if user.bot:
            return
        channel = self.bot.get_partial_messageable(payload.channel_id)
        try:
            card = card_seen(self.bot, await channel.fetch_message(payload.message_id))
        except discord.NotFound:
            return  # deleted in the meantime: it offers nothing any more
        if card is None:
            return
        request = ApprovalRequest(
            person=person_of(self.bot, user),
            how="reaction",
            run_id=card.run_id,
            card_id=card.message_id,
            head=card.head,
        )
        text = await self._approve(request)
        # the same event again says the same; a reaction given again later may be answered anew
        said = hashlib.sha256(text.encode()).hexdigest()[:12]
        key = f"reaction:{payload.message_id}:{payload.user_id}:{payload.emoji}:{said}"
        await self.bot.chat.post(payload.channel_id, Post(text=text), key=key)

    @app_commands.command()
    @app_commands.describe(
        run="The run to ship; in its thread you can leave it out",
        security_reviewed="You have reviewed a change to security-sensitive code",
    )
    async def ship(
        self,
        interaction: discord.Interaction,
        run: str | None = None,
        security_reviewed: bool = False,
    ) -> None:
        """Merge a proven change and make it live."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        request = ApprovalRequest(
            person=person_of(self.bot, interaction.user),
            how="slash",
            run_id=run,
            thread_id=interaction.channel_id,
            said_id=interaction.id,
            security_reviewed=security_reviewed,
        )
        await interaction.followup.send(await self._approve(request), ephemeral=True)

    async def _approve(self, request: ApprovalRequest) -> str:
        try:
            _, approval, ships = await self.bot.agent.approve(request)
        except TheseusError as refusal:
            return str(refusal)
        return shipping_text(request.person, approval, ships=ships)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Approvals(bot))
