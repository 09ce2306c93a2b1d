"""Taking back what was shipped, asked for in words."""

from bot.client import TheseusClient
from cogs.conversation._heard_message import Heard
from cogs.ui import reverting_text


async def revert(bot: TheseusClient, heard: Heard) -> str | None:
    """Propose to take back what the words, the card or the thread point at."""
    slots = heard.utterance.slots
    run = await bot.agent.requests.revert(
        heard.person,
        run_id=heard.card.run_id if heard.card else slots.run,
        thread_id=heard.message.channel.id if heard.run else None,
        number=slots.pull_request,
    )
    return reverting_text(run)
