"""`TheseusClient`: the bot as cogs see it."""

import importlib.util
import itertools
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord.ext import commands

from bot.client._answers import error_text
from bot.client._commands import CommandSync
from bot.client._components import PRESSES, ComponentFailures
from bot.client._discretion import keep_secrets, said_of
from bot.client._instruments import Instruments
from bot.client._reload import Reloader
from bot.client._tree import InstrumentedTree
from bot.domain.errors import ConfigError, TheseusError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.people import AllowList
from bot.monitoring import Monitoring, SelfAudit
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.companion import Companion
from bot.ports.shelf import Shelf
from bot.self_improvement import SelfImprovementAgent
from bot.settings import MissedConfig
from bot.telemetry import Recorder, redact
from bot.telemetry.recorder import outcome_of

_FIRST_CONNECTION_WAITS = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)  # seconds, the last for ever
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Identity:
    """Where the bot lives and for whom it works."""

    guild_id: int | None
    dev_channel_id: int
    people: AllowList


class TheseusClient(commands.Bot):
    """The bot. `state` is where a cog may keep files; `clock` is where it gets the time.

    `agent` and `chat` are set by the root before the client starts: cogs ask the agent for
    everything about runs, and answer messages through the chat's outbox. `companion` chats, where
    there is a model; `shelf` keeps what was said, `remembered` messages of a channel. `missed`
    says which messages that came while it was away are answered.
    """

    agent: SelfImprovementAgent
    chat: Chat
    shelf: Shelf
    companion: Companion | None = None
    remembered: int = 40
    missed: MissedConfig = MissedConfig()
    monitoring: Monitoring | None = None
    self_audit: SelfAudit | None = None
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
        guild_ready_timeout: float = 2.0,
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
            guild_ready_timeout=guild_ready_timeout,
        )
        keep_secrets(self.http, redact)
        self.root = root
        self.state = state
        self.clock = clock
        self.identity = identity
        self.recorder = recorder
        self._wanted = tuple(extensions)
        self._commands = CommandSync(self.tree, identity.guild_id)
        self.runtime = Reloader(self, root, recorder, self._commands, self._wanted)
        self._instruments = Instruments(recorder, clock)
        self.tree.instruments = self._instruments
        self._components = ComponentFailures(self, self._instruments)

    async def setup_hook(self) -> None:
        """Load every cog, then tell Discord the commands."""
        keep_secrets(self.http, redact)  # in the context everything that follows is made in
        self._components.attach()
        for extension in self._wanted or find_extensions(self.root / "cogs"):
            if importlib.util.find_spec(extension) is None:
                raise ConfigError(f"cogs: there is no extension {extension} under {self.root}.")
            await self._load(extension)
        await self._commands.sync()

    async def _load(self, extension: str) -> None:
        """Load a cog; a broken one is journalled and left out, so that the others can mend it."""
        try:
            with self.recorder.timed(Kind.RELOAD, extension):
                await self.load_extension(extension)
        except (commands.ExtensionError, SystemExit):
            _log.exception("%s was left out: it does not load", extension)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Run the gateway connection, also when the first one is refused.

        discord.py reconnects by itself, but trips over its missing socket when there never was a
        connection.
        """
        for attempt in itertools.count():
            try:
                await super().connect(reconnect=reconnect)
            except AttributeError:
                if getattr(self, "ws", None) is not None:
                    raise
                wait = _FIRST_CONNECTION_WAITS[min(attempt, len(_FIRST_CONNECTION_WAITS) - 1)]
                _log.warning("the gateway refused the first connection, again in %s s", wait)
                await self.clock.sleep(wait)
            else:
                return

    async def close(self) -> None:
        """Close the connection and take our hands off discord.py's loggers; again is harmless."""
        await super().close()
        await self._components.detach()

    async def change_presence(
        self,
        *,
        activity: discord.BaseActivity | None = None,
        status: discord.Status | None = None,
    ) -> None:
        """Show what the bot is doing, without secrets."""
        await super().change_presence(activity=said_of(activity, redact), status=status)

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

    async def invoke(self, ctx: commands.Context[Any], /) -> None:
        """Run a typed command, timed."""
        self._instruments.text_command_began(ctx)
        await super().invoke(ctx)

    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError, /
    ) -> None:
        """Record a typed command that failed, and say so; talk that is no command is not one."""
        if isinstance(error, commands.CommandNotFound):
            return
        cause = None
        if isinstance(error, commands.CommandInvokeError | commands.ConversionError):
            cause = error.original  # what the cog's code raised
        if isinstance(cause, TheseusError):
            self._instruments.text_command_ended(ctx, ActionOutcome.OK)
            text = str(cause)
        elif cause is not None:
            action = self._instruments.text_command_ended(ctx, outcome_of(cause), cause)
            text = error_text(f"`{action.name}`", action)
        else:
            self._instruments.text_command_ended(ctx, ActionOutcome.CANCELLED)
            text = f"I could not run that: {error}"
        if not _answers_itself(ctx):
            await ctx.reply(text)

    async def on_interaction(self, interaction: discord.Interaction, /) -> None:
        """Start the clock of presses and forms; commands start theirs in the tree."""
        self._instruments.began(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Record a listener that raised; one that heard a press owes somebody an answer."""
        error = sys.exc_info()[1]
        if error is None:
            return
        _log.error("the listener %s raised", event_method, exc_info=error)
        heard = args[0] if args else None
        if isinstance(heard, discord.Interaction) and heard.type in PRESSES:
            self._components.failed(heard, error)
        else:
            self._instruments.listener_raised(event_method, error, args)

    async def on_connect(self) -> None:
        """Record a new gateway connection."""
        self._instruments.gateway("connect")

    async def on_disconnect(self) -> None:
        """Record a lost gateway connection."""
        self._instruments.gateway("disconnect")

    async def on_resumed(self) -> None:
        """Record a resumed gateway connection."""
        self._instruments.gateway("resume")


def _answers_itself(ctx: commands.Context[Any]) -> bool:
    """Whether the cog has an error reply of its own; two would be one too many."""
    own = ctx.command is not None and ctx.command.has_error_handler()
    return own or (ctx.cog is not None and ctx.cog.has_error_handler())


def find_extensions(folder: Path) -> list[str]:
    """Return the extensions in a folder of cogs, in the order of their names."""
    found = []
    for path in sorted(folder.iterdir()):
        package = path.is_dir() and (path / "__init__.py").exists() and path.name != "ui"
        if (path.suffix == ".py" or package) and not path.name.startswith("_"):
            found.append(f"{folder.name}.{path.stem}")
    return found
