"""Instrumentation: everything a cog does is journalled, with no code in the cog."""

import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.domain.journal import Action, ActionOutcome, Kind
from bot.ports.clock import Clock
from bot.telemetry import Recorder

_STARTED = "theseus_started"


class Instruments:
    """Turns what discord.py tells about commands, listeners and loops into journal records."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock

    def command_began(self, interaction: discord.Interaction) -> None:
        """Note when it began, on the interaction itself."""
        interaction.extras[_STARTED] = self._clock.monotonic()

    def command_ended(
        self,
        interaction: discord.Interaction,
        outcome: ActionOutcome,
        error: BaseException | None = None,
    ) -> Action:
        """Record a slash command or context menu."""
        command = interaction.command
        menu = isinstance(command, app_commands.ContextMenu)
        started = interaction.extras.get(_STARTED, self._clock.monotonic())
        return self._recorder.record(
            Kind.CONTEXT_MENU if menu else Kind.COMMAND,
            command.qualified_name if command else "unknown",
            outcome,
            duration_ms=(self._clock.monotonic() - started) * 1000,
            guild_id=interaction.guild_id,
            channel_id=interaction.channel_id,
            user_id=interaction.user.id,
            shard=interaction.guild.shard_id if interaction.guild else None,
            error=error,
            inputs=None if menu else dict(vars(interaction.namespace)),
        )

    def text_command_ended(
        self,
        ctx: commands.Context[Any],
        outcome: ActionOutcome,
        error: BaseException | None = None,
    ) -> Action:
        """Record a command that was typed after a mention."""
        return self._recorder.record(
            Kind.COMMAND,
            ctx.command.qualified_name if ctx.command else "unknown",
            outcome,
            guild_id=ctx.guild.id if ctx.guild else None,
            channel_id=ctx.channel.id,
            user_id=ctx.author.id,
            error=error,
            inputs=dict(ctx.kwargs),
        )

    def listener_raised(self, event: str, error: BaseException) -> Action:
        """Record a listener that raised; listeners that don't are not worth a record each."""
        return self._recorder.record(Kind.LISTENER, event, ActionOutcome.ERROR, error=error)

    def gateway(self, what: str) -> None:
        """Record that the connection was made, lost or resumed."""
        self._recorder.record(Kind.GATEWAY, what, ActionOutcome.OK)

    def watch_loops(self, cog: commands.Cog) -> None:
        """Journal every iteration of the cog's `tasks.loop`s, before they start."""
        for name in dir(type(cog)):
            if isinstance(getattr(type(cog), name, None), tasks.Loop):
                loop: tasks.Loop[Any] = getattr(cog, name)
                loop.coro = self._timed(f"{cog.qualified_name}.{name}", loop.coro)

    def _timed(
        self, name: str, work: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with self._recorder.timed(Kind.TASK, name):
                return await work(*args, **kwargs)

        return timed

    def component_errors(self) -> logging.Handler:
        """Return a handler for discord.py's own reports of views and modals that raised."""
        return _ComponentErrors(self._recorder)


class _ComponentErrors(logging.Handler):
    """discord.py only logs what a view's callback raised; this journals it as well."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(logging.ERROR)
        self._recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            name = record.name.rpartition(".")[2]
            self._recorder.record(Kind.COMPONENT, name, ActionOutcome.ERROR, error=error)


def current_error() -> BaseException | None:
    """Return the exception being handled."""
    return sys.exc_info()[1]
