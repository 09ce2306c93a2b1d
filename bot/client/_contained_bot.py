"""`ContainedBot`: a bot whose process outlives whatever its cogs raise."""

from collections.abc import Callable, Coroutine
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from discord.ext import commands
from theseus_observe.failures.endings import EndedByCode

from bot.client._containment import Containment, contain


class ContainedBot(commands.Bot):
    """Report exceptions that are no `Exception` like any other: discord.py lets them pass.

    Slash commands are contained by their tree, buttons and forms by the task they run in.
    """

    async def _load_from_module_spec(self, spec: ModuleSpec, key: str) -> None:
        """Load a cog's module, contained: discord.py rolls back after an `Exception` only."""
        if spec.loader is not None:
            spec.loader = ContainedLoader(spec.loader)
        await super()._load_from_module_spec(spec, key)

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


class ContainedLoader(Loader):
    """Load a module as another loader does, with its code and its `setup` contained."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module that is to be loaded."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        with Containment():
            self._loader.exec_module(module)
        setup = getattr(module, "setup", None)
        if callable(setup):
            module.__dict__["setup"] = contain(setup)

    def __getattr__(self, name: str) -> Any:
        """Return what else the loader offers: the source of the module, its resources."""
        return getattr(self._loader, name)
