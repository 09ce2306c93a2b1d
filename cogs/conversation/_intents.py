"""Which intent is answered how."""

from bot.client import TheseusClient
from bot.domain.posts import Post
from bot.grammar import Intent
from bot.presentation.small_talk import ABOUT
from cogs.conversation import _memories as memories
from cogs.conversation import _pauses as pauses
from cogs.conversation import _requests as requests
from cogs.conversation._audits import audit
from cogs.conversation._budget import budget
from cogs.conversation._choices import ask_back, other_than_here
from cogs.conversation._emergency_stop import stop
from cogs.conversation._heard_message import Answer, Heard
from cogs.conversation._reverts import revert


async def act_on(bot: TheseusClient, heard: Heard) -> str | Post | None:
    """Do what is asked for, or ask what was meant: no decision is guessed.

    Returns what to reply, or `None` where the answer is elsewhere, or nothing can be meant by it.
    """
    if heard.utterance.intent is Intent.UNCLEAR:
        return await ask_back(bot, heard)
    if question := await other_than_here(bot, heard):
        return question
    return await ANSWERS[heard.utterance.intent](bot, heard)


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
    Intent.CAPABILITIES: about,
    Intent.AUDIT: audit,
    Intent.BUDGET: budget,
    Intent.PAUSE: pauses.pause,
    Intent.RESUME: pauses.resume,
    Intent.REMEMBER: memories.remember,
    Intent.FORGET: memories.forget,
    Intent.REVERT: revert,
    Intent.STOP: stop,
}
