"""Approvals by button, reaction and `/ship`. The conversation cog handles typed approvals."""

import hashlib
from contextlib import suppress

import discord
from discord import app_commands
from discord.ext import commands
from theseus_guard.record import Record

from bot.authority.approvals import ApprovalRequest
from bot.authority.approvals import Approvals as ApprovalService
from bot.authority.authorizer import AuditWriter, Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import ChatRejected, TheseusError, UnknownRun
from bot.domain.posts import Post
from bot.domain.run import Stage, Status
from bot.intake.answers import describe_revert
from bot.intake.kinds.approval import approve
from bot.intake.message import CardReference
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.reporting.proposal_cards import ProposalCards
from bot.self_improvement.requests.run_requests import RunRequests
from cogs.ui import (
    RunButton,
    can_ship,
    find_card,
    get_person,
    get_speaker,
    revert_buttons,
    run_choices,
    run_named,
    send_privately,
    suggest_shipped_runs,
)

SHIP_EMOJI = frozenset({"🚢", "🛳️", "🛳", "⛴️", "⛴", "✅", "☑️", "☑", "✔️", "✔"})

_LOOKED_AT = 200  # newest runs whose cards may be open


class HandledReactions(Record):
    """The reactions on a card that were already handled, each as `person:emoji`."""

    reactions: frozenset[str] = frozenset()


class Approvals(commands.Cog):
    """Passes every way of saying "ship it" to the agent's one authorisation."""

    def __init__(
        self,
        bot: TheseusClient,
        approvals: ApprovalService,
        proposal_cards: ProposalCards,
        audit_writer: AuditWriter,
        run_requests: RunRequests,
        authorizer: Authorizer,
        agent: SelfImprovementAgent,
    ) -> None:
        self.bot = bot
        self._approvals = approvals
        self._proposal_cards = proposal_cards
        self._audit_writer = audit_writer
        self._run_requests = run_requests
        self._authorizer = authorizer
        self._agent = agent
        self._in_hand: set[str] = set()

    async def cog_load(self) -> None:
        """Register the buttons of every card, including cards from before a restart."""
        self.bot.add_dynamic_items(RunButton)

    async def cog_unload(self) -> None:
        """Remove the buttons; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(RunButton)

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Approve if the reaction is a ship or a check mark on a proposal card."""
        mine = self.bot.user is not None and payload.user_id == self.bot.user.id
        if mine or str(payload.emoji) not in SHIP_EMOJI:
            return
        try:
            await self._agent.find(thread_id=payload.channel_id)
        except UnknownRun:
            return
        user = payload.member or await self.bot.fetch_user(payload.user_id)
        channel = self.bot.get_partial_messageable(payload.channel_id)
        try:
            card = find_card(self.bot, await channel.fetch_message(payload.message_id))
        except discord.NotFound:
            return  # deleted in the meantime: there is nothing to approve
        if card is not None and not user.bot:
            await self._handle_reaction(card, payload.channel_id, user, str(payload.emoji))

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Check open cards for reactions that were added while the bot was away."""
        for run in await self._agent.list_runs(limit=_LOOKED_AT):
            if run.stage is Stage.SHIP and run.status is Status.WAITING and run.thread_id:
                with suppress(
                    ChatRejected
                ):  # the card was posted, and the bot stopped before it stored that
                    await self._proposal_cards.show(run)
                history = await self._agent.get_history(run.id)
                proposal, approval = history.proposal, history.approval
                is_approved = approval is not None and proposal and approval.head == proposal.head
                if proposal and proposal.card_id and not is_approved:
                    with suppress(discord.Forbidden, discord.NotFound):
                        await self._look_at(run.thread_id, proposal.card_id)

    async def _look_at(self, thread_id: int, card_id: int) -> None:
        """Handle the reactions on a card that were not handled yet."""
        channel = self.bot.get_partial_messageable(thread_id)
        message = await channel.fetch_message(card_id)
        card = find_card(self.bot, message)
        handled = await self._load_handled(card_id)
        for reaction in message.reactions if card else ():
            emoji = str(reaction.emoji)
            people = [user async for user in reaction.users()] if emoji in SHIP_EMOJI else []
            for user in people:
                if card and not user.bot and f"{user.id}:{emoji}" not in handled.reactions:
                    await self._handle_reaction(
                        card, thread_id, await self._fetch_member(user), emoji
                    )

    async def _fetch_member(self, user: discord.User | discord.Member) -> discord.abc.User:
        """Return the person who reacted as a member: rights depend on their current roles."""
        guild = self.bot.get_guild(self.bot.identity.guild_id or 0)
        if guild is None or isinstance(user, discord.Member) or guild.get_member(user.id):
            return user
        try:
            return await guild.fetch_member(user.id)
        except discord.NotFound:
            return user  # left the server, so they have no role

    async def _handle_reaction(
        self, card: CardReference, channel_id: int, user: discord.abc.User, emoji: str
    ) -> None:
        reaction_key = f"reaction:{card.message_id}:{user.id}:{emoji}"
        if reaction_key in self._in_hand:
            return  # found by the event and by the check at the same time
        self._in_hand.add(reaction_key)
        try:
            await self._take(card, channel_id, user, emoji, reaction_key)
        finally:
            self._in_hand.discard(reaction_key)

    async def _take(
        self,
        card: CardReference,
        channel_id: int,
        user: discord.abc.User,
        emoji: str,
        reaction_key: str,
    ) -> None:
        request = ApprovalRequest(
            person=get_person(self.bot, user),
            how="reaction",
            run_id=card.run_id,
            thread_id=channel_id,
            card_id=card.message_id,
            head=card.head,
        )
        text = await self._approve(request)
        if not self._audit_writer.is_rate_limited(request.person.id):
            # the answer's hash in the key: a repeated event posts nothing, a later reaction may
            text_hash = hashlib.sha256(text.encode()).hexdigest()[:12]
            await self.bot.chat.post(channel_id, Post(text=text), key=f"{reaction_key}:{text_hash}")
        handled = await self._load_handled(card.message_id)
        reactions = handled.reactions | {f"{user.id}:{emoji}"}
        await self.bot.key_values.put(
            f"reactions:{card.message_id}", handled.replace(reactions=reactions)
        )

    async def _load_handled(self, card_id: int) -> HandledReactions:
        return (
            await self.bot.key_values.get(f"reactions:{card_id}", HandledReactions)
            or HandledReactions()
        )

    @app_commands.command()
    @app_commands.describe(
        run="The run to ship; in its thread you can leave it out",
        security_reviewed="You have reviewed a change to security-sensitive code",
        slower_accepted="You accept that the commands on the card become slower",
    )
    async def ship(
        self,
        interaction: discord.Interaction,
        run: str | None = None,
        security_reviewed: bool = False,
        slower_accepted: bool = False,
    ) -> None:
        """Merge a proven change and make it live."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        request = ApprovalRequest(
            person=get_speaker(interaction),
            how="slash",
            run_id=run and await run_named(self.bot, run),
            thread_id=interaction.channel_id,
            source_id=interaction.id,
            security_reviewed=security_reviewed,
            slower_accepted=slower_accepted,
        )
        await send_privately(interaction, await self._approve(request), "answer")

    @app_commands.command()
    @app_commands.describe(run="The run whose change to revert; empty: choose from the latest")
    async def revert(self, interaction: discord.Interaction, run: str | None = None) -> None:
        """Propose to revert a shipped change."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if run is None and not await self._is_run_thread(interaction):
            await self._offer_shipped(interaction)
            return
        revert_run = await self._run_requests.revert(
            get_speaker(interaction),
            run_id=run and await run_named(self.bot, run),
            thread_id=interaction.channel_id,
        )
        await send_privately(interaction, describe_revert(revert_run), f"run-{revert_run.id}")

    @app_commands.command(name="undo")
    async def offer_last(self, interaction: discord.Interaction) -> None:
        """Propose to revert the last change that I shipped; I show first which one that is."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._offer_shipped(interaction, most=1)

    async def _is_run_thread(self, interaction: discord.Interaction) -> bool:
        try:
            await self._agent.find(thread_id=interaction.channel_id)
        except UnknownRun:
            return False
        return True

    async def _offer_shipped(self, interaction: discord.Interaction, *, most: int = 5) -> None:
        """Offer buttons for the newest shipped changes; each button is bound to one run."""
        await self._authorizer.ask(get_speaker(interaction), Act.ASK, note="revert")
        view = await revert_buttons(interaction, most)
        if view is None:
            text = "I have shipped nothing lately that I could revert."
            await interaction.followup.send(text, ephemeral=True)
            return
        text = "Which change shall I propose to revert?"
        if most == 1:
            text = "This is the last change that I shipped. Shall I propose to revert it?"
        await interaction.followup.send(text, view=view, ephemeral=True)

    @ship.autocomplete("run")
    async def _suggest_runs_to_ship(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await run_choices(interaction, current, can_ship)

    @revert.autocomplete("run")
    async def _suggest_runs_to_revert(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await suggest_shipped_runs(interaction, current)

    async def _approve(self, request: ApprovalRequest) -> str:
        try:
            return await approve(self._approvals, request)
        except TheseusError as refusal:
            return str(refusal)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(
        Approvals(
            bot,
            bot.provide(ApprovalService),
            bot.provide(ProposalCards),
            bot.provide(AuditWriter),
            bot.provide(RunRequests),
            bot.provide(Authorizer),
            bot.provide(SelfImprovementAgent),
        )
    )
