"""Records of buttons, selects and forms.

discord.py runs each press and form in a task of its own, whose coroutine holds the view or form and
the interaction. The task factory passes these coroutines here before they run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import discord
from discord import ui

from theseus_observe import interaction_inputs as inputs
from theseus_observe.command_records import CommandRecords, Reply
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.hook_runner import HookRunner
from theseus_observe.outcomes import get_outcome
from theseus_observe.places import find_interaction_place
from theseus_observe.recorder import Failure, Recorder
from theseus_observe.records import COMPONENT, NO_RESPONSE, OK
from theseus_observe.request_reader import RequestReader
from theseus_observe.responses import Endings, ResponseWatch, Stopwatch
from theseus_observe.wrappers import MethodWrapper, wrap_check, wrap_coroutine

_LOGGERS = ("discord.ui.view", "discord.app_commands.tree")


class Press:
    """One press of a component, or one form: what it is called and whether it failed."""

    def __init__(
        self,
        interaction: discord.Interaction,
        name: str,
        *,
        has_check: bool,
        owner: object = None,
    ) -> None:
        self.interaction = interaction
        self.name = name
        self.owner = owner
        self.has_check = has_check


class ComponentRecords:
    """Records how presses and forms end."""

    def __init__(
        self,
        client: discord.Client,
        recorder: Recorder,
        requests: RequestReader,
        responses: ResponseWatch,
        endings: Endings,
        reply: Reply,
        runner: HookRunner,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._requests = requests
        self._responses = responses
        self._endings = endings
        self._reply = reply
        self._runner = runner
        self._started = Stopwatch()
        self._allowed: set[int] = set()

    def begin(self, coroutine: Any) -> Callable[[object], None] | None:
        """Take a coroutine that will answer a press; return what to call when it has ended."""
        values = coroutine.cr_frame.f_locals
        owner, item, interaction = values["self"], values.get("item"), values["interaction"]
        if interaction.client is not self._client:
            return None
        name = _build_name(owner, item, inputs.get_custom_id(interaction))
        check = getattr(type(owner), "interaction_check", None)
        own_checks = (ui.View.interaction_check, ui.Modal.interaction_check)
        self._wrap_handler(owner, item)
        has_check = check not in own_checks
        if has_check and getattr(vars(owner).get("interaction_check"), "__theseus__", None) is None:
            wrapper = MethodWrapper(owner, "interaction_check", self._note_check, self._runner)
            wrapper.ensure(wrap_check)
            owner.interaction_check.__theseus__ = self
        return self._start(Press(interaction, name, has_check=has_check, owner=owner))

    def _note_check(self, interaction: discord.Interaction) -> None:
        """Note that a view's own check lets a press pass, so that an answer is due."""
        self._allowed.add(interaction.id)

    def begin_dynamic(self, coroutine: Any) -> Callable[[object], None] | None:
        """Take the coroutine of a dynamic item, whose failures are only logged."""
        values = coroutine.cr_frame.f_locals
        factory, interaction = values["factory"], values["interaction"]
        if interaction.client is not self._client:
            return None
        scope = f"{factory.__qualname__}.callback".replace("<locals>.", "")
        name = inputs.build_component_name(scope, inputs.get_custom_id(interaction))
        return self._start(Press(interaction, name, has_check=True))

    def _start(self, press: Press) -> Callable[[object], None]:
        self._started.start(press.interaction.id)
        return lambda _: self._runner.run(self._complete, press)

    def _wrap_handler(self, owner: Any, item: Any) -> None:
        """See failures before the view's own handler, which may be anyone's."""
        if getattr(vars(owner).get("on_error"), "__theseus__", None) is self:
            return

        def note_call(interaction: discord.Interaction, error: BaseException, *item: Any) -> None:
            custom_id = inputs.get_custom_id(interaction)
            name = _build_name(owner, item[0] if item else None, custom_id)
            self.fail(interaction, error, name, owner)

        wrapper = MethodWrapper(owner, "on_error", note_call, self._runner)
        wrapper.ensure(wrap_coroutine)
        owner.on_error.__theseus__ = self

    def fail(
        self,
        interaction: discord.Interaction,
        error: BaseException,
        name: str,
        owner: object = None,
    ) -> None:
        """Record a press or a form that failed; `owner` is its view or form, if that is known."""
        if self._endings.claim(interaction.id):
            self._record(interaction, name, error, owner)

    def _complete(self, press: Press) -> None:
        elapsed = self._started.measure_seconds(press.interaction.id) or 0.0

        is_due = press.interaction.id in self._allowed or not press.has_check
        self._allowed.discard(press.interaction.id)

        def record(is_done: bool) -> None:
            if not self._endings.claim(press.interaction.id):
                return
            # A view's own check may refuse in silence.
            missing = None if is_done or not is_due else NoResponse("it was not answered")
            self._record(press.interaction, press.name, missing, press.owner)

        self._responses.check(press.interaction, elapsed, record)

    def _record(
        self,
        interaction: discord.Interaction,
        name: str,
        error: BaseException | None,
        owner: object,
    ) -> None:
        place = find_interaction_place(interaction)
        failure = None
        if error is not None:
            failure = Failure(
                error,
                audience=self._requests.audiences.find_of_interaction(interaction, place, error),
                inputs=inputs.get_component_inputs(interaction),
            )
        outcome = get_outcome(error)
        action_id = self._recorder.record(
            COMPONENT,
            name,
            outcome,
            place=place,
            duration_ms=self._started.stop(interaction.id),
            failure=failure,
            request=self._requests.prepare_interaction(
                interaction, place, failure.audience if failure else None, form=owner
            ),
        )
        if failure is not None and outcome not in (OK, NO_RESPONSE):
            self._reply(interaction, action_id)


class LogFilter(logging.Filter):
    """Reads from discord.py's log what it tells in no other way, and lets every record pass.

    These are failures of dynamic items and of autocompletes. A filter, because a handler would
    change where the messages of a bot go that has not configured its log.
    """

    def __init__(
        self,
        client: discord.Client,
        commands: CommandRecords,
        components: ComponentRecords,
        runner: HookRunner,
    ) -> None:
        super().__init__()
        self._client = client
        self._commands = commands
        self._components = components
        self._runner = runner

    def attach(self) -> None:
        """Begin to listen."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def detach(self) -> None:
        """Stop listening."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Read a record of the log; it is never held back."""
        if record.exc_info:
            self._runner.run(self._read, record.exc_info[1], record.funcName)
        return True

    def _read(self, error: BaseException | None, function: str) -> None:
        interaction = None if error is None else inputs.find_interaction(error)
        if error is None or interaction is None or interaction.client is not self._client:
            return
        if interaction.type is discord.InteractionType.autocomplete:
            self._commands.fail_autocomplete(interaction, error)
        elif function == "schedule_dynamic_item_call":
            scope, custom_id = inputs.find_scope(error), inputs.get_custom_id(interaction)
            name = inputs.build_component_name(scope, custom_id)
            self._components.fail(interaction, error, name)


def _build_name(owner: Any, item: Any, custom_id: str) -> str:
    """Return the name of a component, by its view or form and its function or lasting id.

    A plain `View` says nothing, so its item's class or function counts.
    """
    callback = getattr(item, "callback", None)
    function = getattr(getattr(callback, "callback", callback), "__qualname__", "")
    if item is None:
        return inputs.build_component_name(f"{type(owner).__qualname__}.on_submit", custom_id)
    if type(owner).__module__.startswith("discord."):
        own_class = not type(item).__module__.startswith("discord.")
        scope = f"{type(item).__qualname__}.callback" if own_class else function
    else:
        scope = f"{type(owner).__qualname__}.{function.rpartition('.')[2] or 'callback'}"
    return inputs.build_component_name(scope.replace("<locals>.", ""), custom_id)
