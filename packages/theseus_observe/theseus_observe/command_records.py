"""Records of commands: typed, hybrid, slash, menus, and the choices that they offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from theseus_observe import interaction_inputs as inputs
from theseus_observe.command_failures import find_bug
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.outcomes import get_outcome
from theseus_observe.places import find_context_place, find_interaction_place
from theseus_observe.recorder import Failure, Recorder
from theseus_observe.records import CANCELLED, COMMAND, CONTEXT_MENU, NO_RESPONSE, OK
from theseus_observe.request_reader import RequestReader
from theseus_observe.responses import Endings, ResponseWatch, Stopwatch
from theseus_observe.stalls import StallWatch

Reply = Callable[[Any, str], object]


class CommandRecords:
    """Records how commands end. A refusal, as by a check or a cooldown, is no failure.

    discord.py reports a hybrid command that is used as a slash command with the events of both
    kinds. Its failure is recorded by those of typed commands, its success by those of slash ones.
    """

    def __init__(
        self,
        recorder: Recorder,
        requests: RequestReader,
        responses: ResponseWatch,
        endings: Endings,
        stalls: StallWatch | None,
        reply: Reply,
    ) -> None:
        self._recorder = recorder
        self._requests = requests
        self._responses = responses
        self._endings = endings
        self._stalls = stalls
        self._reply = reply
        self.started = Stopwatch()

    def start_interaction(self, interaction: discord.Interaction, *_: Any) -> None:
        """Note when an interaction began."""
        self.started.start(interaction.id)

    def start_typed(self, ctx: commands.Context[Any], *_: Any) -> None:
        """Note when a typed command began."""
        self.started.start(_get_key(ctx))

    def complete_typed(self, ctx: commands.Context[Any], *_: Any) -> None:
        """Record a typed command that ended without an error."""
        if ctx.interaction is None:
            self._record_typed(ctx, None, OK)

    def fail_typed(self, ctx: commands.Context[Any], error: BaseException, *_: Any) -> None:
        """Record a typed or hybrid command that failed; talk that is no command is not one."""
        if isinstance(error, commands.CommandNotFound):
            return
        bug = find_bug(error)
        if ctx.interaction is not None:
            self._record_slash(ctx.interaction, bug, CANCELLED)
        else:
            self._record_typed(ctx, bug, CANCELLED)

    def complete_slash(self, interaction: discord.Interaction, *_: Any) -> None:
        """Record a slash command or menu that ended without an error, once it has responded."""
        elapsed = self.started.measure_seconds(interaction.id) or 0.0

        def record(is_done: bool) -> None:
            if is_done:
                self._record_slash(interaction, None, OK)
            else:
                missing = NoResponse("it ended without responding to its interaction")
                self._record_slash(interaction, missing, NO_RESPONSE)

        self._responses.check(interaction, elapsed, record)

    def fail_slash(self, interaction: discord.Interaction, error: BaseException, *_: Any) -> None:
        """Record a slash command or menu that failed, or that was refused."""
        self._record_slash(interaction, find_bug(error), CANCELLED)

    def fail_unhandled(self, interaction: discord.Interaction, error: BaseException) -> None:
        """Record a slash command whose check or error handler raised what nothing handles."""
        if interaction.type is discord.InteractionType.autocomplete:
            self.fail_autocomplete(interaction, error)
        else:
            self._record_slash(interaction, error, CANCELLED)

    def fail_autocomplete(self, interaction: discord.Interaction, error: BaseException) -> None:
        """Record that a command could not offer choices."""
        if self._endings.claim(interaction.id):
            name = f"{inputs.get_command_name(interaction)} autocomplete"
            self._record(COMMAND, name, interaction, error, get_outcome(error))

    def _record_slash(
        self, interaction: discord.Interaction, error: BaseException | None, outcome: str
    ) -> None:
        if not self._endings.claim(interaction.id):
            return
        if error is None and self._stalls is not None:
            error = self._stalls.take(interaction)
        is_menu = isinstance(interaction.command, app_commands.ContextMenu)
        kind = CONTEXT_MENU if is_menu else COMMAND
        name = inputs.get_command_name(interaction)
        ended = outcome if error is None else get_outcome(error)
        self._record(kind, name, interaction, error, ended)

    def _record(
        self,
        kind: str,
        name: str,
        interaction: discord.Interaction,
        error: BaseException | None,
        outcome: str,
    ) -> None:
        place = find_interaction_place(interaction)
        failure = None
        if error is not None:
            failure = Failure(
                error,
                audience=self._requests.audiences.find_of_interaction(interaction, place, error),
                inputs=_read_inputs(interaction),
                code=inputs.get_command_code(interaction) if outcome == NO_RESPONSE else None,
                module=str(getattr(interaction.command, "module", None) or ""),
            )
        action_id = self._recorder.record(
            kind,
            name,
            outcome,
            place=place,
            duration_ms=self.started.stop(interaction.id),
            failure=failure,
            request=self._requests.prepare_interaction(
                interaction, place, failure.audience if failure else None
            ),
        )
        if failure is not None:
            self._reply(interaction, action_id)

    def _record_typed(
        self, ctx: commands.Context[Any], error: BaseException | None, outcome: str
    ) -> None:
        if error is None and self._stalls is not None:
            error = self._stalls.take(ctx)
        place = find_context_place(ctx)
        failure = None
        if error is not None:
            audience = self._requests.audiences.find_of_place(place)
            failure = Failure(error, audience=audience, inputs=inputs.get_text_command_inputs(ctx))
        action_id = self._recorder.record(
            COMMAND,
            ctx.command.qualified_name if ctx.command is not None else "unknown",
            outcome if error is None else get_outcome(error),
            place=place,
            duration_ms=self.started.stop(_get_key(ctx)),
            failure=failure,
            request=self._requests.prepare_typed(ctx, place, failure.audience if failure else None),
        )
        if failure is not None:
            self._reply(ctx, action_id)


def _get_key(ctx: commands.Context[Any]) -> int:
    """Return what a typed command is known by; several may be invoked for one message."""
    return ctx.interaction.id if ctx.interaction is not None else id(ctx)


def _read_inputs(interaction: discord.Interaction) -> Mapping[str, object]:
    try:
        return inputs.get_command_inputs(interaction)
    except (AttributeError, TypeError, KeyError):
        return {}
