"""What the bot can do for a person, as an answer to a question."""

from contextlib import suppress

import discord

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.people import Person
from bot.grammar import Slots, Topic
from bot.presentation.answers import render_help
from bot.presentation.tools import NO_TOOLS
from cogs.ui.answers import fit_message
from cogs.ui.changes import list_tools, load_capability_lines
from cogs.ui.command_rights import list_acts, list_usable_commands
from cogs.ui.skills import answer_skill_question


class ClientHost:
    """Implements `bot.intake.message.MessageHost`. A command has no message to react to."""

    def __init__(self, bot: TheseusClient, message: discord.Message | None = None) -> None:
        self._bot = bot
        self._message = message

    async def show_start(self) -> None:
        """Add a reaction; without the right to react, the card shows that work begins."""
        if self._message is not None:
            with suppress(discord.HTTPException):
                await self._message.add_reaction("👀")

    async def describe_bot(self, person: Person, slots: Slots) -> str:
        """Return the commands, abilities, skills or tools. Raises `NotAuthorized`, `PortError`."""
        if slots.topic is Topic.HELP:
            return render_commands(self._bot, person)
        if slots.topic is Topic.ABILITIES:
            return fit_message(await load_capability_lines(self._bot, person))
        if slots.topic is Topic.TOOLS:
            await self._bot.provide(Authorizer).ask(person, Act.READ, None, "ask: tools")
            return fit_message(list_tools(self._bot) or [NO_TOOLS])
        return fit_message(await answer_skill_question(self._bot, person, slots.subject))


def render_commands(bot: TheseusClient, person: Person) -> str:
    """Return the commands that a person may use, grouped by what people want to do."""
    return render_help(list_usable_commands(bot, person), list_acts(bot, person))
