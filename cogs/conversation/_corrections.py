"""Messages that are edited soon after they were said: heard again, and never as a decision."""

from datetime import datetime, timedelta

import discord

from bot.client import TheseusClient
from bot.domain.run import Run
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import on_it

WINDOW = timedelta(minutes=5)
"""So long after it was said an edit of a message is heard."""


def is_correction(edit: discord.RawMessageUpdateEvent, now: datetime) -> bool:
    """Return whether somebody changed the words of their message in time.

    Discord tells of other changes in the same way: a preview of a link, a thread that is opened.
    What an earlier process heard is not in the cache; then the time of the edit decides.
    """
    edited, before = edit.message, edit.cached_message
    if edited.edited_at is None or edited.edited_at - edited.created_at > WINDOW:
        return False
    if before is None:
        return now - edited.edited_at < WINDOW
    return before.content != edited.content


async def correct_run(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Have the run that a message began follow its correction; return the answer if it can.

    What is proposed already is revised. A run that has not come so far is cancelled: `None`, and
    the corrected request begins one.
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
    """Return the run under way that the message began before it was edited."""
    for run in await bot.agent.list_runs():
        trigger = run.trigger
        own = (
            trigger.place.message_id == incoming.message.id
            and trigger.person.id == incoming.person.id
        )
        if own and not run.has_ended:
            return run
    return None
