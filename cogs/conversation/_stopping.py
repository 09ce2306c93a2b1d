"""“Stop everything”, “emergency stop”: said in words."""

from bot.client import TheseusClient
from cogs.conversation._heard import Heard
from cogs.conversation._reasons import reason_in


async def stop(bot: TheseusClient, heard: Heard) -> str | None:
    """Stop everything; the dev channel hears who and why."""
    given = await bot.agent.emergency.stop(heard.person, "text", reason_in(heard.text))
    told_here = heard.message.channel.id == bot.identity.dev_channel_id
    return None if told_here and given.by == heard.person else f"⛔ {given.told}"


async def lift(bot: TheseusClient, heard: Heard) -> str:
    """Lift the stop that stands; return what is not said in the dev channel."""
    await bot.agent.emergency.lift(heard.person)
    pause = await bot.agent.autonomy.standing.pause()
    return f"The emergency stop is lifted. {pause.told()}" if pause else "I go on."
