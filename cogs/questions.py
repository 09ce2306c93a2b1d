"""`/ask`, questions about the bot itself, and `/help`."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.client import TheseusClient
from bot.grammar import Intent, Setting, Topic, parse
from bot.intake.kinds.question import Request
from bot.intake.kinds.status import render_status
from bot.presentation.answers import ABOUT_QUESTIONS
from cogs.ui import (
    ClientHost,
    get_speaker,
    place_asked_in,
    render_commands,
    run_in,
    send_privately,
)

_UNKNOWN = (
    "I do not understand that question about me. `/ask` starts and decides nothing. {about} If "
    "something is broken, use `/investigate`; if you want a change, use `/change`."
)


class Questions(commands.Cog):
    """Answers from records alone, visible only to the person who asks."""

    def __init__(self, bot: TheseusClient, authorizer: Authorizer) -> None:
        self.bot = bot
        self._authorizer = authorizer

    @app_commands.command()
    @app_commands.describe(question="About me: what changed, why, what it cost, is anything broken")
    async def ask(
        self, interaction: discord.Interaction, question: app_commands.Range[str, 1, 500]
    ) -> None:
        """Ask what I did, why, what it cost, what could break, and who decided it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        run = await run_in(self.bot, interaction.channel)
        targets, place = self.bot.intake.targets, place_asked_in(interaction)
        plain = targets.strip_names(question)
        utterance = parse(plain, Setting(addressed=True, listed=True, in_thread=run is not None))
        person, slots = get_speaker(interaction), utterance.slots
        if utterance.intent is Intent.STATUS:
            answer = await render_status(self._authorizer, self.bot.agent, person, run)
        elif utterance.intent in (Intent.ASK, Intent.BUDGET):
            if utterance.intent is Intent.BUDGET:
                slots, run = slots.replace(topic=Topic.COST), None
            target = run.trigger.target if run else targets.find_named(question, place)
            asked = Request(person, slots, ClientHost(self.bot), run, target=target)
            answer = await self.bot.intake.answer_question(asked)
        else:
            answer = _UNKNOWN.format(about=ABOUT_QUESTIONS)
        await send_privately(interaction, answer, "answer")

    @app_commands.command()
    async def help(self, interaction: discord.Interaction) -> None:
        """Show what I can do for you."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await send_privately(
            interaction, render_commands(self.bot, get_speaker(interaction)), "help"
        )


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Questions(bot, bot.provide(Authorizer)))
