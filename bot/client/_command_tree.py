"""The command tree: times every command, and answers every failure once."""

from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from theseus_observe.command_failures import (
    find_bug,
    find_handler_failure,
    wrap_escaped,
)
from theseus_observe.failures.safe_access import is_error
from theseus_observe.interaction_inputs import format_command

from bot.client._containment import Containment
from bot.client._error_replies import answer, brief_message, describe_refusal, format_error
from bot.client._instrumentation import Instruments
from bot.domain.errors import TheseusError
from bot.domain.journal import ActionOutcome
from bot.telemetry.recorder import get_outcome


class InstrumentedTree(app_commands.CommandTree[Any]):
    """Slash commands and context menus of every cog pass through here."""

    instruments: Instruments

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Start the clock; everybody may use everyday commands."""
        self.instruments.mark_start(interaction)
        self.instruments.await_answer(interaction)
        return True

    async def _call(self, interaction: discord.Interaction) -> None:
        """Run a command, contained. What ends it, in checks and hooks too, is its failure."""
        try:
            with Containment():
                await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except Exception as error:
            if interaction.type is discord.InteractionType.autocomplete:
                self.instruments.record_autocomplete_failure(interaction, error)
            elif interaction.command is None:
                raise
            elif (cause := find_handler_failure(error)) is not None:
                await self._report(interaction, error, cause, silent=False)
            else:  # discord.py hands only its own errors on to the handlers
                make = partial(app_commands.CommandInvokeError, interaction.command)
                raise wrap_escaped(make, error) from error

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Record the failure and reply to the person, whatever the state of the interaction."""
        # The cog's handler has run. One that answered nothing leaves the person without a word.
        silent = _has_error_handler(interaction.command) and interaction.response.is_done()
        await self._report(interaction, error, find_bug(error), silent=silent)

    async def _report(
        self,
        interaction: discord.Interaction,
        error: Exception,
        cause: BaseException | None,
        *,
        silent: bool,
    ) -> None:
        private = True
        if cause is None:
            self.instruments.record_command(interaction, ActionOutcome.CANCELLED)
            text = describe_refusal(error)
        elif is_error(cause, TheseusError):
            self.instruments.record_command(interaction, ActionOutcome.OK)
            text = brief_message(cause)
        else:
            action = self.instruments.record_command(interaction, get_outcome(cause), cause)
            text, private = format_error(format_command(interaction), action), False
        if not silent:
            await answer(interaction, text, private=private)


def _has_error_handler(
    command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | None,
) -> bool:
    """Return whether the cog has its own error handler, so that people do not get two replies."""
    if getattr(command, "on_error", None) is not None:
        return True
    cog = getattr(command, "binding", None)
    own = commands.Cog.cog_app_command_error
    return isinstance(cog, commands.Cog) and type(cog).cog_app_command_error is not own
