"""What people ask about the bot and its work: told where it is nobody else's business to hear."""

import re

from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from bot.presentation.answers import RUN_ANSWERS
from bot.presentation.cards import NO_CAP_BY_WORDS
from bot.self_improvement.questions import OPEN_TO_ALL
from cogs.conversation._heard_message import Heard
from cogs.ui import answer_question, answered_by, in_dev_channel, is_listed, status_text

_ELSEWHERE = "Please ask me in <#{channel}>, where it is about my work."
_NO_RUN_THERE = (
    "That is what a command answered, and no run of mine. Name one, or a command: “why #7?”, “what "
    "changed in /roll?”. If the answer is wrong, say what should stand there."
)
_CHANGES = re.compile(
    r"\b(?:raise|increase|reset|top up|refill|extend|double|lift|ignore|bypass|skip|disable|remove)"
    r"\b",
    re.IGNORECASE,
)


async def question(bot: TheseusClient, heard: Heard) -> str | None:
    """Answer a question about the bot itself; what not everybody may read, not before everybody."""
    slots, run = heard.utterance.slots, heard.run
    open_to_all = slots.topic in (*OPEN_TO_ALL, None)
    if not open_to_all and is_listed(bot, heard.person) and not _is_among_us(bot, heard):
        return _ELSEWHERE.format(channel=bot.identity.dev_channel_id)
    if run is None and heard.card is not None:
        run = await bot.agent.find(run_id=heard.card.run_id)
    if run is None and slots.topic in RUN_ANSWERS and _is_of_a_commands_answer(bot, heard):
        return _NO_RUN_THERE
    return await answer_question(bot, heard.person, slots, run)


def _is_of_a_commands_answer(bot: TheseusClient, heard: Heard) -> bool:
    """Whether it is said under what a command answered, and names nothing else."""
    slots = heard.utterance.slots
    names = slots.subject or slots.span or slots.run or slots.pull_request
    return not names and heard.pointed_at is not None and bool(answered_by(bot, heard.pointed_at))


def _is_among_us(bot: TheseusClient, heard: Heard) -> bool:
    """Whether it is said in the dev channel, in a run's thread, or to the bot alone."""
    message = heard.message
    return message.guild is None or bool(heard.run) or in_dev_channel(bot, message.channel)


async def status(bot: TheseusClient, heard: Heard) -> str | None:
    """Say what is being worked on."""
    return await status_text(bot, heard.person, heard.run)


async def budget(bot: TheseusClient, heard: Heard) -> str | None:
    """Tell what was spent: in the dev channel, a run's thread, or to a listed person alone."""
    message = heard.message
    if is_listed(bot, heard.person) and not _is_among_us(bot, heard):
        return _ELSEWHERE.format(channel=bot.identity.dev_channel_id)
    post = (await bot.agent.budget.post(heard.person)).but(reply_to=message.id)
    if _CHANGES.search(heard.text):
        post = post.but(text=NO_CAP_BY_WORDS)
    await bot.chat.post(message.channel.id, post, key=heard.reply_key)
    return None


async def audit(bot: TheseusClient, heard: Heard) -> str | None:
    """Tell how the bot did: in the dev channel, or to a listed person alone."""
    message = heard.message
    private = message.guild is None
    if is_listed(bot, heard.person) and not (private or in_dev_channel(bot, message.channel)):
        return _ELSEWHERE.format(channel=bot.identity.dev_channel_id)
    if bot.self_audit is None:
        raise WrongStage("I do not look back on myself here.")
    post = (await bot.self_audit.now(heard.person)).but(reply_to=message.id)
    await bot.chat.post(message.channel.id, post, key=heard.reply_key)
    return None
