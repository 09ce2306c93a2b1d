"""`ContainedBot`: a bot whose process outlives whatever its cogs raise."""

from collections.abc import Callable, Coroutine
from typing import Any

from discord.ext import commands

from bot.client._containment import Containment, contain
from bot.telemetry.endings import EndedByCode


class ContainedBot(commands.Bot):
    """Report exceptions that are no `Exception` like any other: discord.py lets them pass.

    Slash commands are contained by their tree, buttons and forms by the task they run in.
    """

    async def add_cog(self, cog: commands.Cog, /, **options: Any) -> None:
        """Add a cog, with its text commands contained.

        discord.py takes a `CancelledError` of their functions as a success.
        """
        for command in cog.walk_commands():
            command._callback = contain(command.callback)
        await super().add_cog(cog, **options)

    async def invoke(self, ctx: commands.Context[Any], /) -> None:
        """Run a text command, with its checks, converters and hooks contained."""
        try:
            with Containment():
                await super().invoke(ctx)
        except EndedByCode as error:
            self.dispatch("command_error", ctx, commands.CommandInvokeError(error))

    async def _run_event(
        self,
        coro: Callable[..., Coroutine[Any, Any, Any]],
        event_name: str,
        *args: Any,
        **options: Any,
    ) -> None:
        """Run a listener, contained."""
        await super()._run_event(contain(coro), event_name, *args, **options)
