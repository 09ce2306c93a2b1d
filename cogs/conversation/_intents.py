"""Which intent is answered how."""

from bot.client import TheseusClient
from bot.domain.grammar import Intent
from cogs.conversation import _requests as requests
from cogs.conversation._heard import Answer, Heard

ABOUT = (
    "I look after this bot's own code. Tell me what is broken, for example “rolling dice keeps "
    "crashing, fix it” or “why does /poll fail?”, or reply “fix this” to an error message. I "
    "answer in a thread, prove the fix, and merge only when someone on my list says “ship it”. "
    "`/runs list` shows what I am doing."
)


async def about(bot: TheseusClient, heard: Heard) -> str | None:
    """Say what can be asked."""
    return ABOUT


ANSWERS: dict[Intent, Answer] = {
    Intent.INVESTIGATE: requests.work,
    Intent.FIX: requests.work,
    Intent.SHIP: requests.ship,
    Intent.REJECT: requests.reject,
    Intent.CANCEL: requests.cancel,
    Intent.STATUS: requests.status,
    Intent.REVISE: requests.revise,
    Intent.CHAT: about,
    Intent.CAPABILITIES: about,
}
