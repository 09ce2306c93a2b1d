"""Explains why a command answered late or blocked others, by sampling where its code was."""

import asyncio
import weakref
from contextvars import Context
from typing import Any

import discord
from discord.ext import commands
from theseus_observe.failures.delays import AnsweredTooLate, build_traceback, get_coroutine_stack
from theseus_observe.failures.safe_access import is_error
from theseus_observe.stalls import StallWatch, Subject

from bot.domain.journal import ActionOutcome

PATIENCE_SECONDS = 3.0
"""How long Discord waits for the first answer to an interaction."""

_UNKNOWN_INTERACTION = 10062
_WAITED, _TIMER = "theseus_waited", "theseus_patience"


class Delays:
    """Puts the place where time was lost before the error that came of it."""

    def __init__(self, stalls: StallWatch | None) -> None:
        self._stalls = stalls

    def expect(self, interaction: discord.Interaction) -> None:
        """Schedule a sample of the running task's position for the time of Discord's timeout."""
        task = asyncio.current_task()
        if task is not None:
            loop = task.get_loop()
            # The timer gets an empty context. The simulated Discord of cog tests waits for
            # everything that has the context of the bot, so each command would take 3 s there.
            # A weak reference: a timer must not keep the frames of a finished command in memory.
            interaction.extras[_TIMER] = Context().run(
                loop.call_later, PATIENCE_SECONDS, _look, interaction, weakref.ref(task)
            )

    def explain(
        self, subject: Subject, outcome: ActionOutcome, error: BaseException | None
    ) -> tuple[ActionOutcome, BaseException | None]:
        """Return how a command ended; a delay counts as its failure if it has no other one."""
        if not isinstance(subject, commands.Context) and _TIMER in subject.extras:
            subject.extras.pop(_TIMER).cancel()  # the timer keeps the command's cog in memory
        is_late = is_error(error, discord.NotFound) and error.code == _UNKNOWN_INTERACTION
        if error is not None and not is_late:
            return outcome, error
        delay: BaseException | None = self._stalls.take(subject) if self._stalls else None
        if delay is None and is_late and not isinstance(subject, commands.Context):
            delay = subject.extras.get(_WAITED)
        return (outcome, error) if delay is None else (ActionOutcome.TIMEOUT, delay)


def _look(interaction: discord.Interaction, reference: "weakref.ref[asyncio.Task[Any]]") -> None:
    task = reference()
    if task is None or task.done() or interaction.response.is_done():
        return
    stack = get_coroutine_stack(task.get_coro())
    error = AnsweredTooLate(f"It had not answered after {PATIENCE_SECONDS:g} s.")
    interaction.extras[_WAITED] = error.with_traceback(build_traceback(stack))
