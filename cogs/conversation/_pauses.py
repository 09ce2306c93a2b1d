"""“Pause for two hours”, “resume”: said in words."""

from bot.authority.until import read_until
from bot.client import TheseusClient
from cogs.conversation._heard_message import Heard
from cogs.ui import resumed


async def pause(bot: TheseusClient, heard: Heard) -> str | None:
    """Stop work of the bot's own; the dev channel hears who, why and until when."""
    said = heard.utterance.slots.until or ""
    end = read_until(said, bot.clock.now())
    given = await bot.agent.autonomy.pause(heard.person, "", end)
    return _answer(bot, heard, f"Paused. {given.ends}")


async def resume(bot: TheseusClient, heard: Heard) -> str | None:
    """Lift the emergency stop, if it stands; else let the bot work by itself again."""
    return _answer(bot, heard, await resumed(bot, heard.person))


def _answer(bot: TheseusClient, heard: Heard, text: str) -> str | None:
    """Return the answer, where what the dev channel is told is not answer enough."""
    told_here = heard.message.channel.id == bot.identity.dev_channel_id
    return None if told_here else text
