"""The command tree: times every command, and answers every failure once."""

from typing import Any

import discord
from discord import app_commands

from bot.client._instruments import Instruments
from bot.domain.errors import TheseusError
from bot.domain.ids import short_id
from bot.domain.journal import Action, ActionOutcome


def error_text(action: Action) -> str:
    """Return what people read when a command of theirs failed; the id leads to the record."""
    name = action.error.exception if action.error else "an error"
    return (
        f"⚠️ `/{action.name}` failed with {name}. Error id `{short_id(action.id)}`.\n"
        "-# Reply “fix this” to have me repair it, or “look into this” to have me find the cause."
    )


class InstrumentedTree(app_commands.CommandTree[Any]):
    """Slash commands and context menus of every cog pass through here."""

    instruments: Instruments

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Start the clock; everybody may use everyday commands."""
        if interaction.type is discord.InteractionType.application_command:
            self.instruments.command_began(interaction)
        return True

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Record the failure and tell the person, whatever state the interaction is in."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(cause, TheseusError):
            self.instruments.command_ended(interaction, ActionOutcome.OK)
            await _answer(interaction, str(cause), private=True)
        elif isinstance(error, app_commands.CommandInvokeError):
            action = self.instruments.command_ended(interaction, ActionOutcome.ERROR, cause)
            await _answer(interaction, error_text(action))
        else:
            self.instruments.command_ended(interaction, ActionOutcome.CANCELLED)
            await _answer(interaction, f"I could not run that: {error}", private=True)


async def _answer(interaction: discord.Interaction, text: str, *, private: bool = False) -> None:
    if interaction.is_expired():
        return
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=private)
    else:
        await interaction.response.send_message(text, ephemeral=private)
