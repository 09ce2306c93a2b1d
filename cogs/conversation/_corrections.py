"""Messages that are edited soon after they were posted: parsed again, but never as a decision."""

from datetime import datetime, timedelta

import discord

from bot.client import TheseusClient
from bot.domain.run import Run
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import on_it

WINDOW = timedelta(minutes=5)
"""How long after its post an edit of a message is handled."""


def is_correction(edit: discord.RawMessageUpdateEvent, now: datetime) -> bool:
    """Return whether somebody changed the text of their message in time.

    Discord sends the same event for other changes, such as a link preview or a new thread. If the
    message is not in the cache (an earlier process saw it), the time of the edit decides.
    """
    edited, before = edit.message, edit.cached_message
    if edited.edited_at is None or edited.edited_at - edited.created_at > WINDOW:
        return False
    if before is None:
        return now - edited.edited_at < WINDOW
    return before.content != edited.content


async def correct_run(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Update the run that a message started after its correction; return the answer, if any.

    If the run has a proposal, the proposal is revised. Otherwise the run is cancelled, and the
    result is None: the corrected request starts a new run.
    """
    run = await _find_started_run(bot, incoming) if incoming.correction else None
    if run is None:
        return None
    if (await bot.agent.get_history(run.id)).proposal is not None:
        return on_it(
            await bot.agent.revise(run.id, incoming.person, incoming.text, "text", incoming.key)
        )
    await bot.agent.cancel(run.id, incoming.person)
    return None


async def _find_started_run(bot: TheseusClient, incoming: IncomingMessage) -> Run | None:
    """Return the active run that the message started before it was edited."""
    for run in await bot.agent.list_runs():
        trigger = run.trigger
        own = (
            trigger.place.message_id == incoming.message.id
            and trigger.person.id == incoming.person.id
        )
        if own and not run.has_ended:
            return run
    return None
