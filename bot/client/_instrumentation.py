"""Instrumentation: everything a cog does is journalled, with no code in the cog."""

import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from theseus_observe import interaction_inputs as seen
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.failures.safe_access import is_error
from theseus_observe.stalls import BlockReport, StallWatch

from bot.client._audience import AudienceFinder
from bot.client._delays import Delays
from bot.client._exchanges import get_flags
from bot.client._loop_watch import LoopWatch
from bot.client._traffic_capture import TrafficCapture
from bot.client._unawaited_calls import collect_unawaited
from bot.domain.audience import Audience
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.ports.clock import Clock
from bot.telemetry import Recorder
from bot.telemetry.recorder import get_outcome

_HOSTS = (str(Path(__file__).parent),)
_STARTED, _ENDED = "theseus_started", "theseus_ended"


class Instruments:
    """Turns events of discord.py about commands, components and loops into journal records.

    `traffic`, if set, gets each record too, and stores the request so that it can be replayed.
    """

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        audiences: AudienceFinder,
        traffic: TrafficCapture | None = None,
        stalls: StallWatch | None = None,
    ) -> None:
        self._delays = Delays(stalls)
        self.loops = LoopWatch(recorder, traffic)
        self._recorder = recorder
        self._audiences = audiences
        self._traffic = traffic
        self._clock = clock
        self._typed: weakref.WeakKeyDictionary[commands.Context[Any], float] = (
            weakref.WeakKeyDictionary()
        )

    def read(self, event: str, parse: Callable[[Any], None], payload: Any) -> None:
        """Parse a gateway event, which starts its handlers, inside a traffic exchange."""
        person = seen.find_sender(payload)
        with collect_unawaited(), self._recorder.label_logs(person):
            if self._traffic is None:
                parse(payload)
            else:
                self._traffic.read(event, parse, payload)

    def mark_start(self, interaction: discord.Interaction) -> None:
        """Note when it began, on the interaction itself."""
        interaction.extras.setdefault(_STARTED, self._clock.monotonic())

    def note_end(self, interaction: discord.Interaction) -> None:
        """Note when it ended, where its record waits for what comes of it."""
        interaction.extras[_ENDED] = self._clock.monotonic()

    def get_elapsed_seconds(self, interaction: discord.Interaction) -> float:
        """Return how long ago it began."""
        now = self._clock.monotonic()
        return float(now - interaction.extras.get(_STARTED, now))

    def await_answer(self, interaction: discord.Interaction) -> None:
        """Take note of where the running task waits, if it has not answered in time."""
        self._delays.expect(interaction)

    def record_block(self, block: BlockReport) -> Action:
        """Record a block of the event loop by anything else than a command."""
        if block.press is not None:
            return self.record_component(block.press, block.error)
        kind = Kind.LISTENER if block.is_listener else Kind.TASK
        return self._recorder.record(kind, block.scope, ActionOutcome.TIMEOUT, error=block.error)

    def record_command(
        self,
        interaction: discord.Interaction,
        outcome: ActionOutcome,
        error: BaseException | None = None,
    ) -> Action:
        """Record a slash command or context menu; with an `error`, how it failed."""
        outcome, error = self._delays.explain(interaction, outcome, error)
        menu = isinstance(interaction.command, app_commands.ContextMenu)
        return self._record_interaction(
            Kind.CONTEXT_MENU if menu else Kind.COMMAND,
            seen.get_command_name(interaction),
            outcome,
            interaction,
            error,
            seen.get_command_inputs(interaction),
        )

    def record_autocomplete_failure(
        self, interaction: discord.Interaction, error: BaseException
    ) -> Action:
        """Record that a command could not offer choices."""
        name = f"{seen.get_command_name(interaction)} autocomplete"
        inputs = seen.get_command_inputs(interaction)
        return self._record_interaction(
            Kind.COMMAND, name, get_outcome(error), interaction, error, inputs
        )

    def record_component(
        self, interaction: discord.Interaction, error: BaseException, *, refused: bool = False
    ) -> Action:
        """Record a press or a form that raised; a refusal is no failure."""
        scope = seen.find_scope(error, _HOSTS)
        return self._record_interaction(
            Kind.COMPONENT,
            seen.build_component_name(scope, seen.get_custom_id(interaction)),
            ActionOutcome.OK if refused else get_outcome(error),
            interaction,
            None if refused else error,
            seen.get_component_inputs(interaction),
        )

    def mark_text_command_start(self, ctx: commands.Context[Any]) -> None:
        """Note when a typed command began."""
        self._typed[ctx] = self._clock.monotonic()
        if self._traffic is not None and ctx.command is not None:
            self._traffic.begin_text_command(ctx.prefix or "")

    def record_text_command(
        self,
        ctx: commands.Context[Any],
        outcome: ActionOutcome,
        error: BaseException | None = None,
    ) -> Action:
        """Record a command that was typed after a mention."""
        outcome, error = self._delays.explain(ctx, outcome, error)
        action = self._recorder.record(
            Kind.COMMAND,
            ctx.command.qualified_name if ctx.command else "unknown",
            outcome,
            duration_ms=self._measure_ms(self._typed.get(ctx)),
            guild_id=ctx.guild.id if ctx.guild else None,
            channel_id=ctx.channel.id,
            user_id=ctx.author.id,
            shard=ctx.guild.shard_id if ctx.guild else None,
            error=error,
            inputs=seen.get_text_command_inputs(ctx),
            flags=get_flags(),
            audience=self._audiences.find_of_place(
                ctx.guild.id if ctx.guild else None, ctx.channel.id
            )
            if error is not None
            else Audience.TEAM,
        )
        return self._finish(action, ctx.command.module if ctx.command else None)

    def record_listener_error(
        self, event: str, error: BaseException, arguments: tuple[Any, ...] = ()
    ) -> Action:
        """Record a listener that raised; listeners that don't are not worth a record each."""
        about = seen.get_event_place(arguments)
        action = self._recorder.record(
            Kind.LISTENER,
            seen.find_scope(error, _HOSTS) or event,
            get_outcome(error),
            guild_id=about.guild_id,
            channel_id=about.channel_id,
            user_id=about.user_id,
            error=error,
            inputs={"event": event, **about.inputs},
            audience=self._audiences.find_of_place(about.guild_id, about.channel_id),
        )
        return self._finish(action)

    def record_background_failure(
        self, name: str, error: BaseException, inputs: Mapping[str, object]
    ) -> Action:
        """Record a failure that no code awaited, of a task or timer that a cog created."""
        action = self._recorder.record(
            Kind.TASK, name, get_outcome(error), error=error, inputs=inputs
        )
        if self._traffic is not None:
            self._traffic.record_failure(action)
        return action

    def record_gateway(
        self,
        what: str,
        error: BaseException | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> None:
        """Record that the connection was opened, lost or resumed, or that it failed.

        `payload` is what Discord sent; it is shortened and redacted like any input.
        """
        audience = Audience.TEAM if payload is None else Audience.PRIVATE
        self._recorder.record(
            Kind.GATEWAY, what, get_outcome(error), error=error, inputs=payload, audience=audience
        )

    def _record_interaction(
        self,
        kind: Kind,
        name: str,
        outcome: ActionOutcome,
        interaction: discord.Interaction,
        error: BaseException | None,
        inputs: Mapping[str, object],
    ) -> Action:
        ended = interaction.extras.get(_ENDED, self._clock.monotonic())
        started = interaction.extras.get(_STARTED, ended)
        action = self._recorder.record(
            kind,
            name,
            outcome,
            duration_ms=round((ended - started) * 1000, 3),
            guild_id=interaction.guild_id,
            channel_id=interaction.channel_id,
            user_id=getattr(interaction.user, "id", None),  # none, if Discord names no user
            shard=interaction.guild.shard_id if interaction.guild else None,
            error=error,
            inputs=inputs,
            flags=get_flags(),
            audience=self._audiences.find_of_interaction(interaction, error)
            if error is not None
            else Audience.TEAM,  # the record contains no text that people typed
            code=seen.get_command_code(interaction) if is_error(error, NoResponse) else None,
        )
        return self._finish(action, getattr(interaction.command, "module", None))

    def _finish(self, action: Action, module: str | None = None) -> Action:
        if self._traffic is not None:
            self._traffic.record_end(action, module or "")
        return action

    def _measure_ms(self, started: float | None) -> float | None:
        if started is None:
            return None
        return round((self._clock.monotonic() - started) * 1000, 3)
