"""Records failures of buttons, selects, forms and autocompletes, and replies to the person.

discord.py catches what their callbacks raise and only logs it. Overriding `on_error` on the
classes of `discord.ui` would change the library for the whole process, and would still miss dynamic
items (the persistent buttons) and autocompletes, which have no such hook. All of them are logged,
and the traceback in the log contains the interaction. A failure in a cog's listener for presses
(`on_interaction`) reaches `handle_failure` through the client's `on_error`.
"""

import asyncio
import logging

import discord
from theseus_observe.failures.safe_access import is_error
from theseus_observe.interaction_inputs import find_interaction

from bot.client._error_replies import answer, brief_message, format_error
from bot.client._instrumentation import Instruments
from bot.domain.errors import TheseusError

_LOGGERS = ("discord.ui.view", "discord.ui.modal", "discord.app_commands.tree")
PRESSES = (discord.InteractionType.component, discord.InteractionType.modal_submit)
_LABELS = {
    discord.InteractionType.component: "That",
    discord.InteractionType.modal_submit: "That form",
}


class ComponentFailures(logging.Handler):
    """A log handler for discord.py's log records about interactions of one client."""

    def __init__(self, client: discord.Client, instruments: Instruments) -> None:
        super().__init__(logging.ERROR)
        self._client = client
        self._instruments = instruments
        self._answering: set[asyncio.Task[None]] = set()

    def attach(self) -> None:
        """Begin to listen; again is harmless."""
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(self)

    async def detach(self) -> None:
        """Stop listening, and end the answers under way; again is harmless."""
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(self)
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Handle a log record; records without an interaction of this client are ignored."""
        error = record.exc_info[1] if record.exc_info else None
        interaction = find_interaction(error) if error is not None else None
        if error is not None and interaction is not None and interaction.client is self._client:
            self.handle_failure(interaction, error)

    def handle_failure(self, interaction: discord.Interaction, error: BaseException) -> None:
        """Record a failure and answer the person, who would see Discord's bare "failed"."""
        if interaction.type is discord.InteractionType.autocomplete:
            self._instruments.record_autocomplete_failure(interaction, error)
            return
        if interaction.type not in _LABELS:
            return  # commands are answered by the tree
        refused = is_error(error, TheseusError)
        action = self._instruments.record_component(interaction, error, refused=refused)
        what = _LABELS[interaction.type]
        text = brief_message(error) if refused else format_error(what, action, private=True)
        # A log handler cannot await, so the answer is sent by a task, which `detach` cancels.
        task = asyncio.get_running_loop().create_task(answer(interaction, text, private=True))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
