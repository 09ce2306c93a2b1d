"""“Stop everything”, “emergency stop”: said in words."""

from bot.client import TheseusClient
from cogs.conversation._heard_message import Heard


async def stop(bot: TheseusClient, heard: Heard) -> str | None:
    """Stop everything; the dev channel hears who and why."""
    given = await bot.agent.emergency.stop(heard.person, "text", "")
    told_here = heard.message.channel.id == bot.identity.dev_channel_id
    return None if told_here and given.by == heard.person else f"⛔ {given.told}"
