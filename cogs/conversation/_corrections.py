"""Messages that are edited soon after they were said: heard again, and never as a decision."""

from datetime import datetime, timedelta

import discord

from bot.client import TheseusClient
from bot.domain.run import Run
from cogs.conversation._heard_message import Heard
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


async def correct_run(bot: TheseusClient, heard: Heard) -> str | None:
    """Have the run that a message began follow its correction; return the answer if it can.

    What is proposed already is revised. A run that has not come so far is cancelled: `None`, and
    the corrected request begins one.
    """
    run = await _begun_by(bot, heard) if heard.correction else None
    if run is None:
        return None
    if (await bot.agent.history(run.id)).proposal is not None:
        return on_it(await bot.agent.revise(run.id, heard.person, heard.text, "text", heard.key))
    await bot.agent.cancel(run.id, heard.person)
    return None


async def _begun_by(bot: TheseusClient, heard: Heard) -> Run | None:
    """Return the run under way that the message began before it was edited."""
    for run in await bot.agent.runs():
        trigger = run.trigger
        own = trigger.place.message_id == heard.message.id and trigger.person.id == heard.person.id
        if own and not run.ended:
            return run
    return None
