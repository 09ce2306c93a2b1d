"""`TheseusClient`: the bot as cogs see it."""

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord.ext import commands

from bot.client._instruments import Instruments, current_error
from bot.client._reload import Reloader
from bot.client._tree import InstrumentedTree, error_text
from bot.domain.errors import ConfigError
from bot.domain.journal import ActionOutcome
from bot.domain.people import AllowList
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.self_improvement import SelfImprovementAgent
from bot.telemetry import Recorder

_UI_LOGGERS = ("discord.ui.view", "discord.ui.modal")


@dataclass(frozen=True)
class Identity:
    """Where the bot lives and for whom it works."""

    guild_id: int | None
    dev_channel_id: int
    people: AllowList


class TheseusClient(commands.Bot):
    """The bot. `state` is where a cog may keep files; `clock` is where it gets the time.

    `agent` and `chat` are set by the root before the client starts: cogs ask the agent for
    everything about runs, and answer messages through the chat's outbox.
    """

    agent: SelfImprovementAgent
    chat: Chat
    tree: InstrumentedTree

    def __init__(
        self,
        *,
        root: Path,
        state: Path,
        clock: Clock,
        recorder: Recorder,
        identity: Identity,
        extensions: Sequence[str] = (),
    ) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        intents.members = True
        super().__init__(
            command_prefix=commands.when_mentioned,
            intents=intents,
            tree_cls=InstrumentedTree,
            allowed_mentions=discord.AllowedMentions.none(),
            help_command=None,
        )
        self.root = root
        self.state = state
        self.clock = clock
        self.identity = identity
        self.recorder = recorder
        self.runtime = Reloader(self, root, recorder)
        self._instruments = Instruments(recorder, clock)
        self.tree.instruments = self._instruments
        self._wanted = tuple(extensions)
        self._component_errors = self._instruments.component_errors()

    async def setup_hook(self) -> None:
        """Load every cog, then tell Discord the commands."""
        for name in _UI_LOGGERS:
            logging.getLogger(name).addHandler(self._component_errors)
        for extension in self._wanted or find_extensions(self.root / "cogs"):
            if importlib.util.find_spec(extension) is None:
                raise ConfigError(f"cogs: there is no extension {extension} under {self.root}.")
            await self.load_extension(extension)
        guild = discord.Object(self.identity.guild_id) if self.identity.guild_id else None
        if guild is not None:
            self.tree.copy_global_to(guild=guild)
        await self.tree.sync(guild=guild)

    async def close(self) -> None:
        """Close the connection and take our handlers off discord.py's loggers."""
        for name in _UI_LOGGERS:
            logging.getLogger(name).removeHandler(self._component_errors)
        await super().close()

    async def add_cog(self, cog: commands.Cog, /, **options: Any) -> None:
        """Add a cog, with its background loops journalled."""
        self._instruments.watch_loops(cog)
        await super().add_cog(cog, **options)

    # What discord.py calls

    async def on_app_command_completion(self, interaction: discord.Interaction, _: object) -> None:
        """Record a command that went well."""
        self._instruments.command_ended(interaction, ActionOutcome.OK)

    async def on_command_completion(self, ctx: commands.Context[Any], /) -> None:
        """Record a typed command that went well."""
        self._instruments.text_command_ended(ctx, ActionOutcome.OK)

    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError, /
    ) -> None:
        """Record a typed command that failed, and say so; talk that is no command is not one."""
        if isinstance(error, commands.CommandNotFound):
            return
        if isinstance(error, commands.CommandInvokeError):
            action = self._instruments.text_command_ended(ctx, ActionOutcome.ERROR, error.original)
            await ctx.reply(error_text(action))
        else:
            self._instruments.text_command_ended(ctx, ActionOutcome.CANCELLED)
            await ctx.reply(f"I could not run that: {error}")

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Record a listener that raised."""
        error = current_error()
        if error is not None:
            self._instruments.listener_raised(event_method, error)

    async def on_connect(self) -> None:
        """Record a new gateway connection."""
        self._instruments.gateway("connect")

    async def on_disconnect(self) -> None:
        """Record a lost gateway connection."""
        self._instruments.gateway("disconnect")

    async def on_resumed(self) -> None:
        """Record a resumed gateway connection."""
        self._instruments.gateway("resume")


def find_extensions(folder: Path) -> list[str]:
    """Return the extensions in a folder of cogs, in the order of their names."""
    found = []
    for path in sorted(folder.iterdir()):
        package = path.is_dir() and (path / "__init__.py").exists() and path.name != "ui"
        if (path.suffix == ".py" or package) and not path.name.startswith("_"):
            found.append(f"{folder.name}.{path.stem}")
    return found
