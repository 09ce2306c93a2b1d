"""What models cost, asked for in words: told by rules, so that the question costs nothing."""

import re

from bot.client import TheseusClient
from bot.presentation.cards import NO_CAP_BY_WORDS
from cogs.conversation._heard_message import Heard
from cogs.ui import in_dev_channel, is_listed

_CHANGES = re.compile(
    r"\b(?:raise|increase|reset|top up|refill|extend|double|lift|ignore|bypass|skip|disable|remove)"
    r"\b",
    re.IGNORECASE,
)


async def budget(bot: TheseusClient, heard: Heard) -> str | None:
    """Tell what was spent: in the dev channel, a run's thread, or to a listed person alone."""
    message = heard.message
    here = message.guild is None or heard.run or in_dev_channel(bot, message.channel)
    if is_listed(bot, heard.person) and not here:
        return f"Please ask me in <#{bot.identity.dev_channel_id}>, where it is about my work."
    post = (await bot.agent.budget.post(heard.person)).but(reply_to=message.id)
    if _CHANGES.search(heard.text):
        post = post.but(text=NO_CAP_BY_WORDS)
    await bot.chat.post(message.channel.id, post, key=f"reply:{message.id}")
    return None
