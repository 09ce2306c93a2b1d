"""Detects commands that end without a response: they failed, although they raised no error.

Discord waits 3 s for the first response, then shows "did not respond". A command may end and leave
the response to another task, so the check waits nearly as long. After "thinking..." Discord waits
15 minutes for the answer.
"""

import asyncio
from typing import Any

import discord
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.interaction_inputs import format_command

from bot.client._error_replies import answer, format_missing_response
from bot.client._exchanges import get_current_exchange
from bot.client._follow_ups import FOLLOW_UPS
from bot.client._instrumentation import Instruments
from bot.client._unawaited_calls import find_unawaited
from bot.domain.journal import ActionOutcome
from bot.ports.clock import Clock

# Each a little less than Discord waits: the message that explains the failure must fit in.
RESPONSE_SECONDS = 2.5
FOLLOW_UP_SECONDS = 14 * 60.0
_FIRST_LOOK_SECONDS = 0.05
_THINKING = discord.InteractionResponseType.deferred_channel_message


class ResponseWatch:
    """Waits for the responses of commands that have ended, and records how they ended."""

    def __init__(self, clock: Clock, instruments: Instruments) -> None:
        self._clock = clock
        self._instruments = instruments
        self._closing = False
        self._sleeping: set[asyncio.Future[None]] = set()
        self._watching: set[asyncio.Task[Any]] = set()

    async def record_command(self, interaction: discord.Interaction) -> None:
        """Record a command that ended without an error, once it has responded or does not."""
        self._instruments.note_end(interaction)
        _keep_current_task(self._watching)
        missing = await self._find_missing(interaction)
        if missing is None:
            self._instruments.record_command(interaction, ActionOutcome.OK)
            return
        action = self._instruments.record_command(interaction, ActionOutcome.NO_RESPONSE, missing)
        await answer(interaction, format_missing_response(format_command(interaction), action))

    async def record_press(self, interaction: discord.Interaction) -> None:
        """Record a press or a form that gets no response although its code ran.

        A coroutine that was never awaited is the evidence. A press of an old button, which no code
        handles, is not recorded.
        """
        _keep_current_task(self._watching)
        await self._wait_for_response(interaction)
        if interaction.response.is_done() or not find_unawaited():
            return
        missing = _describe_missing("responding to its interaction")
        action = self._instruments.record_component(interaction, missing)
        text = format_missing_response("That", action, private=True)
        await answer(interaction, text, private=True)

    async def _find_missing(self, interaction: discord.Interaction) -> NoResponse | None:
        """Return the failure of a command that does not respond; `None` where it does."""
        response, token = interaction.response, interaction.token
        if not response.is_done():
            await self._wait_for_response(interaction)
            if not response.is_done():
                return _describe_missing("responding to its interaction")
        if response.type is not _THINKING or FOLLOW_UPS.has(token):
            return None
        if not find_unawaited():
            await self._pass(FOLLOW_UP_SECONDS, until_follow_up=token)
            if FOLLOW_UPS.has(token) or self._closing:
                return None
        return _describe_missing("an answer after “thinking...”")

    async def _wait_for_response(self, interaction: discord.Interaction) -> None:
        """Wait for the response, at most as long as a response may take.

        discord.py has no event for a response, so this polls with growing pauses.
        """
        left = RESPONSE_SECONDS - self._instruments.get_elapsed_seconds(interaction)
        step = _FIRST_LOOK_SECONDS
        while left > 0 and not (interaction.response.is_done() or self._closing):
            await self._pass(min(step, left))
            left, step = left - step, 2 * step

    async def close(self) -> None:
        """Wait no longer: what has not responded by now does not, and is recorded."""
        self._closing = True
        for sleeping in self._sleeping:
            sleeping.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    async def _pass(self, seconds: float, until_follow_up: str = "") -> None:
        """Sleep; end early if the bot closes or a follow-up with that token is sent."""
        if self._closing:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        self._sleeping.add(sleeping)
        try:
            with FOLLOW_UPS.watch(until_follow_up, sleeping.cancel):
                await sleeping
        except asyncio.CancelledError:
            task = asyncio.current_task()
            # A follow-up or `close` cancels only the sleep; a cancelled task has to end.
            if task is None or task.cancelling():
                sleeping.cancel()
                raise
        finally:
            self._sleeping.discard(sleeping)


def _keep_current_task(tasks: set[asyncio.Task[Any]]) -> None:
    """Keep the present task in a set until it ends: what it does until then is the record."""
    task = asyncio.current_task()
    if task is not None:
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def find_missing_reply() -> NoResponse | None:
    """Return the failure of a typed command that sent no answer; `None` without evidence."""
    exchange = get_current_exchange()
    answered = exchange is not None and bool(exchange.answers)
    return None if answered or not find_unawaited() else _describe_missing("an answer")


def _describe_missing(what: str) -> NoResponse:
    calls = find_unawaited()
    never = "".join(f"; coroutine '{each.coroutine}' was never awaited" for each in calls)
    missing = NoResponse(f"it ended without {what}{never}")
    return missing.with_traceback(calls[0].stack) if calls else missing
