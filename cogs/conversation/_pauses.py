"""“Pause for two hours, we deploy”, “resume”: said in words."""

import re

from bot.client import TheseusClient
from bot.domain.until import read_until
from cogs.conversation._heard import Heard

_REASON = re.compile(
    r"(?:[,;:.]|\b(?:because|since|as)\b) +(?P<why>\S.*)$", re.IGNORECASE | re.DOTALL
)
_POLITE = re.compile(
    r"(?:please|thanks|thank you|thx|now|ok|okay|bot|theseus)[ .!]*", re.IGNORECASE
)


async def pause(bot: TheseusClient, heard: Heard) -> str | None:
    """Stop work of the bot's own; the dev channel hears who, why and until when."""
    said = heard.utterance.slots.until or ""
    end = read_until(said, bot.clock.now())
    why = _reason(heard.text) or (said if end is None else "")
    given = await bot.agent.autonomy.pause(heard.person, why, end)
    return _answer(bot, heard, f"Paused. {given.ends}")


async def resume(bot: TheseusClient, heard: Heard) -> str | None:
    """Let the bot work by itself again."""
    await bot.agent.autonomy.resume(heard.person)
    return _answer(bot, heard, "I go on.")


def _answer(bot: TheseusClient, heard: Heard, text: str) -> str | None:
    """Return the answer, where what the dev channel is told is not answer enough."""
    told_here = heard.message.channel.id == bot.identity.dev_channel_id
    return None if told_here else text


def _reason(text: str) -> str:
    """Return what follows the request: `we deploy` of `pause for 2 hours, we deploy`."""
    found = _REASON.search(text)
    if found is None or _POLITE.fullmatch(found["why"]):
        return ""
    return found["why"].strip()
