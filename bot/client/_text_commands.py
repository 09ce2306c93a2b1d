"""Records and answers typed commands and hybrid commands, once each.

discord.py reports a hybrid command that is used as a slash command with the events of typed
commands. Its failures are reported only here; its success is also reported to the command tree.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from discord.ext import commands
from theseus_observe.command_failures import find_bug, wrap_escaped
from theseus_observe.failures.safe_access import is_error

from bot.client._error_replies import (
    answer,
    brief_message,
    describe_refusal,
    format_error,
    format_missing_response,
    has_own_reply,
)
from bot.client._instrumentation import Instruments
from bot.client._missing_responses import find_missing_reply
from bot.domain.errors import TheseusError
from bot.domain.journal import Action, ActionOutcome
from bot.telemetry.recorder import get_outcome


class TextCommands:
    """Records how typed and hybrid commands end, and replies to the person after a failure."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

    async def run(self, ctx: commands.Context[Any], invoke: Callable[[], Awaitable[None]]) -> None:
        """Run a typed command. An error in a check or hook counts as its failure too."""
        self._instruments.mark_text_command_start(ctx)
        try:
            await invoke()
        except Exception as error:
            if ctx.command is None:
                raise
            wrapped = wrap_escaped(commands.CommandInvokeError, error)
            await ctx.command.dispatch_error(ctx, wrapped)

    async def record_success(self, ctx: commands.Context[Any]) -> None:
        """Record a command that ended without an error, unless the command tree does so."""
        if ctx.interaction is not None:
            return
        missing = find_missing_reply()
        if missing is None:
            self._instruments.record_text_command(ctx, ActionOutcome.OK)
            return
        action = self._instruments.record_text_command(ctx, ActionOutcome.NO_RESPONSE, missing)
        await ctx.reply(format_missing_response(f"`{action.name}`", action))

    async def report_failure(
        self, ctx: commands.Context[Any], error: commands.CommandError
    ) -> None:
        """Record a command that failed, and say so; talk that is no command is not one."""
        if isinstance(error, commands.CommandNotFound):
            return
        bug, private = find_bug(error), True
        if bug is not None and is_error(bug, TheseusError):
            self._record(ctx, ActionOutcome.OK)
            text = brief_message(bug)
        elif bug is not None:
            action = self._record(ctx, get_outcome(bug), bug)
            slash = "/" if ctx.interaction is not None else ""
            text, private = format_error(f"`{slash}{action.name}`", action), False
        else:
            self._record(ctx, ActionOutcome.CANCELLED)
            text = describe_refusal(error)
        if has_own_reply(ctx):
            return
        if ctx.interaction is not None:
            await answer(ctx.interaction, text, private=private)
        else:
            await ctx.reply(text)

    def _record(
        self,
        ctx: commands.Context[Any],
        outcome: ActionOutcome,
        error: BaseException | None = None,
    ) -> Action:
        if ctx.interaction is not None:
            return self._instruments.record_command(ctx.interaction, outcome, error)
        return self._instruments.record_text_command(ctx, outcome, error)
