"""`TheseusClient`: the bot as cogs see it."""

import asyncio
import hashlib
import importlib.util
import itertools
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import discord
import structlog
from discord.ext import commands
from theseus_observe.interaction_inputs import is_interaction
from theseus_observe.project_code import ProjectCode
from theseus_observe.redaction import redact
from theseus_observe.stalls import BLOCK_SECONDS, StallWatch

from bot.client._audience import AudienceFinder
from bot.client._background_tasks import BackgroundTasks
from bot.client._cog_failures import omit_failing
from bot.client._cog_protection import ProtectingBot
from bot.client._command_sync import CommandSync
from bot.client._command_tree import InstrumentedTree
from bot.client._component_errors import PRESSES, ComponentFailures
from bot.client._connection import shorten_reconnects
from bot.client._core_services import CoreServices
from bot.client._event_parsers import UNREADABLE, survive_events
from bot.client._flags import Flags, find_no_flag
from bot.client._handover_client import HandoverClient
from bot.client._identity import Identity
from bot.client._instrumentation import Instruments
from bot.client._mention_commands import is_for_the_bot
from bot.client._missing_responses import ResponseWatch
from bot.client._outbound_redaction import keep_secrets, redact_activity
from bot.client._reloader import Reloader
from bot.client._text_commands import TextCommands
from bot.client._traffic_capture import TrafficCapture
from bot.client._unawaited_calls import UnawaitedWarnings
from bot.client._web_requests import WebRecording
from bot.domain.errors import ChatRejected, ConfigError
from bot.domain.flag import Flag
from bot.domain.journal import Kind
from bot.domain.posts import Post
from bot.infra.cog_files import find_extensions, order_extensions
from bot.infra.injector import Injector
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.prompts import Prompts
from bot.telemetry import Recorder, TrafficRecorder
from bot.telemetry.observation import CORE

_CONNECTION_WAITS = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)  # seconds; the last one repeats
_log = structlog.stdlib.get_logger(__name__)


class TheseusClient(CoreServices, ProtectingBot, HandoverClient):
    """The Discord client of the bot.

    `state` is the folder in which cogs may store files, and `clock` their source of time. `traffic`
    records requests to cogs, so that they can be replayed. `flags` tells cogs which features are on
    for whom; without it, all are off. `prompts` are the live texts; by default those of `root`.
    Typed commands may begin with one of `prefixes`, whatever cogs do to `command_prefix`. A call
    that blocks the event loop for `block_seconds` is a failure.

    `services` provides cogs with parts of the core; it is complete before the client starts.
    """

    tree: InstrumentedTree

    def __init__(
        self,
        *,
        root: Path,
        state: Path,
        clock: Clock,
        recorder: Recorder,
        identity: Identity,
        traffic: TrafficRecorder | None = None,
        flags: Callable[[str], Flag | None] | None = None,
        extensions: Sequence[str] = (),
        prefixes: Sequence[str] = (),
        prompts: Prompts | None = None,
        guild_ready_timeout: float = 2.0,
        block_seconds: float = BLOCK_SECONDS,
        services: Injector | None = None,
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
            services=services,
            shard_id=identity.shard.id if identity.shard else None,
            shard_count=identity.shard.count if identity.shard else None,
        )
        keep_secrets(self.http, redact)
        self.root = root
        self.state = state
        self.clock = clock
        self.identity = identity
        self.recorder = recorder
        self.prompts = prompts or Prompts(root / "prompts")
        self.flags = Flags(flags or find_no_flag, identity.dev_channel_id)
        self._wanted, self._prefixes = tuple(extensions), tuple(prefixes)
        self._commands = CommandSync(
            self.tree, identity.guild_id, clock, self._report_command_sync, identity.guilds
        )
        self._web = WebRecording() if traffic else None
        dev_channel_id, code = identity.dev_channel_id, ProjectCode(root, CORE)
        self.audiences = AudienceFinder(self, dev_channel_id)
        capture = TrafficCapture(self, traffic, dev_channel_id, self.audiences) if traffic else None
        self._stalls = StallWatch(code, block_seconds=block_seconds)
        self._instruments = Instruments(recorder, clock, self.audiences, capture, self._stalls)
        self.tree.instruments = self._instruments
        self._text_commands = TextCommands(self._instruments)
        self._responses = ResponseWatch(clock, self._instruments)
        self._warnings = UnawaitedWarnings()
        self._components = ComponentFailures(self, self._instruments)
        self.task_watch = BackgroundTasks(code, self._instruments, self._components)
        self.runtime = Reloader(self, root, recorder, self._commands, self.task_watch, self._wanted)
        self._loaded, self._left_out = asyncio.Event(), dict[str, str]()
        self._telling: set[asyncio.Task[object]] = set()
        shorten_reconnects()
        survive_events(self._connection.parsers, self._instruments)

    async def setup_hook(self) -> None:
        """Load every cog, then register the commands with Discord."""
        # Called first: the redaction of webhooks belongs to this context, which all later tasks
        # inherit.
        keep_secrets(self.http, redact)
        self._components.attach()
        self._warnings.attach()
        self.task_watch.attach()
        self._stalls.start(self._instruments.record_block)
        if self._web is not None:
            self._web.attach()
        for extension in order_extensions(self._wanted) or find_extensions(self.root / "cogs"):
            if importlib.util.find_spec(extension) is None:
                raise ConfigError(f"cogs: there is no extension {extension} under {self.root}.")
            await self._load(extension)
        self._loaded.set()
        await self.fill_cache()
        await self._commands.begin()

    async def get_failed_cogs(self) -> Mapping[str, str]:
        """Return why cogs did not load at the start, by their names, once all were tried."""
        await self._loaded.wait()
        return self._left_out

    @property
    def commands_trouble(self) -> str | None:
        """Why Discord does not show every command; `None` if it shows all of them."""
        return self._commands.trouble

    async def _report_command_sync(self, trouble: str | None) -> None:
        """Write down, and say in the dev channel, that Discord does not show every command."""
        if trouble is None:
            text = "Discord has taken all commands now."
            self._instruments.record_gateway("commands")
        else:
            text = f"⚠️ {trouble} I go on, and try again when they change and by and by."
            self._instruments.record_gateway("commands", ChatRejected(trouble))
            _log.warning("%s", trouble)
        chat = self.find_part(Chat)
        if chat is None:
            return
        # The chat sends the message after the connection is established.
        key = f"commands:{self.clock.now():%Y-%m-%d}:{hashlib.sha256(text.encode()).hexdigest()}"
        posting = chat.post(self.identity.dev_channel_id, Post(text=text), key=key)
        task = asyncio.create_task(self._post_safely(posting), name="commands")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _post_safely(self, posting: Coroutine[Any, Any, object]) -> None:
        try:
            await posting
        except ChatRejected as error:
            _log.warning("the dev channel was not told about the commands: %s", error)

    async def _load(self, extension: str) -> None:
        """Load a cog; a broken one is recorded and left out, so that the bot can still fix it."""
        with omit_failing(extension, self._left_out), self.recorder.measure(Kind.RELOAD, extension):
            await self.load_extension(extension)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Run the gateway connection, also when the first one is refused.

        discord.py reconnects by itself, but trips over its missing socket when there never was a
        connection, and over frames it cannot read. Then a new connection is made.
        """
        for attempt in itertools.count():
            try:
                await self.read_until_left(super().connect(reconnect=reconnect))
            except UNREADABLE as error:
                wait = _CONNECTION_WAITS[min(attempt, len(_CONNECTION_WAITS) - 1)]
                socket = getattr(self, "ws", None)
                if socket is None:
                    _log.warning("the gateway refused the first connection, again in %s s", wait)
                else:
                    self._instruments.record_gateway("frame", error)
                    _log.warning(
                        "discord.py cannot read the gateway, anew in %s s: %s", wait, error
                    )
                    await socket.close()
                await self.clock.sleep(wait)
            else:
                return

    async def close(self) -> None:
        """Close the connection and leave discord.py's loggers alone; again is harmless."""
        await self._responses.close()
        await super().close()
        self._warnings.detach()
        self._stalls.stop()
        if self._web is not None:
            self._web.detach()
        await self._commands.close()
        for task in self._telling:
            task.cancel()  # what was to be said is in the outbox
        await self._components.detach()

    async def change_presence(
        self,
        *,
        activity: discord.BaseActivity | None = None,
        status: discord.Status | None = None,
    ) -> None:
        """Show what the bot is doing, without secrets."""
        await super().change_presence(activity=redact_activity(activity, redact), status=status)

    async def add_cog(self, cog: commands.Cog, /, **options: Any) -> None:
        """Add a cog, with its background loops journalled."""
        self._instruments.loops.watch(cog, self.alone)
        await super().add_cog(cog, **options)

    # What discord.py calls

    async def on_app_command_completion(self, interaction: discord.Interaction, _: object) -> None:
        """Record a command that went well, or ended without a response."""
        await self._responses.record_command(interaction)

    async def on_command_completion(self, ctx: commands.Context[Any], /) -> None:
        """Record a typed command that went well, or ended without an answer."""
        await self._text_commands.record_success(ctx)

    async def get_prefix(self, message: discord.Message, /) -> list[str]:
        """Return what a typed command may begin with."""
        found = await super().get_prefix(message)
        known = [found] if isinstance(found, str) else list(found)
        return [*known, *(each for each in self._prefixes if each not in known)]

    async def process_commands(self, message: discord.Message, /) -> None:
        """Run the typed command of a message, if it has one and is not said to the bot itself."""
        if not message.author.bot and (ctx := await self._find_command(message)) is not None:
            await self.invoke(ctx)

    async def is_command(self, message: discord.Message) -> bool:
        """Return whether a message runs a typed command, and so needs no other answer."""
        return await self._find_command(message) is not None

    async def _find_command(self, message: discord.Message) -> commands.Context[Any] | None:
        ctx = await self.get_context(message)
        return ctx if ctx.valid and not is_for_the_bot(ctx) else None

    async def invoke(self, ctx: commands.Context[Any], /) -> None:
        """Run a typed command, timed."""
        invoke = super().invoke
        await self._text_commands.run(ctx, lambda: invoke(ctx))

    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError, /
    ) -> None:
        """Record a typed or hybrid command that failed, and say so."""
        await self._text_commands.report_failure(ctx, error)

    async def on_interaction(self, interaction: discord.Interaction, /) -> None:
        """Start the timer of presses and forms; the tree starts the timer of commands."""
        self._instruments.mark_start(interaction)
        if interaction.type in PRESSES:
            await self._responses.record_press(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Record a listener that raised; if it handled a press, answer the person too."""
        error = sys.exc_info()[1]
        if error is None:
            return
        subject = args[0] if args else None
        if is_interaction(subject) and subject.type in PRESSES:
            self._components.handle_failure(subject, error)
        else:
            self._instruments.record_listener_error(event_method, error, args)
        # Afterwards: to write the traceback, the log runs code of the error, which may raise.
        _log.error("the listener %s raised", event_method, exc_info=error)

    async def on_connect(self) -> None:
        """Record a new gateway connection."""
        self._instruments.record_gateway("connect")

    async def on_disconnect(self) -> None:
        """Record a lost gateway connection."""
        self._instruments.record_gateway("disconnect")

    async def on_resumed(self) -> None:
        """Record a resumed gateway connection."""
        self._instruments.record_gateway("resume")
        self.finish_takeover()
