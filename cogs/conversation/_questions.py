"""Questions about the bot and its work, answered only where they may be read."""

import re

from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from bot.presentation.answers import RUN_ANSWERS
from bot.presentation.cards import NO_CAP_FROM_CHAT
from bot.self_improvement.questions import OPEN_TO_ALL
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import (
    answer_question,
    find_interaction_id,
    is_in_dev_channel,
    is_listed,
    render_status,
)

_WRONG_CHANNEL = "Please ask me in <#{channel}>, the channel for my work."
_NO_RUN_THERE = (
    "That is the answer of a command, not a run of mine. Name a run or a command: “why #7?”, “what "
    "changed in /roll?”. If the answer is wrong, say what it should be."
)
_CHANGES = re.compile(
    r"\b(?:raise|increase|reset|top up|refill|extend|double|lift|ignore|bypass|skip|disable|remove)"
    r"\b",
    re.IGNORECASE,
)


async def handle_question(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Answer a question about the bot; restricted answers are not given in public channels."""
    slots, run = incoming.utterance.slots, incoming.run
    open_to_all = slots.topic in (*OPEN_TO_ALL, None)
    if not open_to_all and is_listed(bot, incoming.person) and not _can_answer_here(bot, incoming):
        return _WRONG_CHANNEL.format(channel=bot.identity.dev_channel_id)
    if run is None and incoming.card is not None:
        run = await bot.agent.find(run_id=incoming.card.run_id)
    if run is None and slots.topic in RUN_ANSWERS and _is_about_command_response(bot, incoming):
        return _NO_RUN_THERE
    return await answer_question(bot, incoming.person, slots, run)


def _is_about_command_response(bot: TheseusClient, incoming: IncomingMessage) -> bool:
    """Return whether the question replies to a command's answer and names nothing else."""
    slots = incoming.utterance.slots
    names = slots.subject or slots.span or slots.run or slots.pull_request
    return (
        not names
        and incoming.pointed_at is not None
        and bool(find_interaction_id(bot, incoming.pointed_at))
    )


def _can_answer_here(bot: TheseusClient, incoming: IncomingMessage) -> bool:
    """Return whether the question is in the dev channel, in a run's thread, or a direct message."""
    message = incoming.message
    return message.guild is None or bool(incoming.run) or is_in_dev_channel(bot, message.channel)


async def handle_status(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Return what is being worked on."""
    return await render_status(bot, incoming.person, incoming.run)


async def handle_budget(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Post the costs: in the dev channel, in a run's thread, or to a listed person directly."""
    message = incoming.message
    if is_listed(bot, incoming.person) and not _can_answer_here(bot, incoming):
        return _WRONG_CHANNEL.format(channel=bot.identity.dev_channel_id)
    post = (await bot.agent.budget.post(incoming.person)).replace(reply_to=message.id)
    if _CHANGES.search(incoming.text):
        post = post.replace(text=NO_CAP_FROM_CHAT)
    await bot.chat.post(message.channel.id, post, key=incoming.reply_key)
    return None


async def handle_audit(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Post a self-audit: in the dev channel, or to a listed person directly."""
    message = incoming.message
    private = message.guild is None
    if is_listed(bot, incoming.person) and not (private or is_in_dev_channel(bot, message.channel)):
        return _WRONG_CHANNEL.format(channel=bot.identity.dev_channel_id)
    if bot.self_audit is None:
        raise WrongStage("Self-audits are switched off here.")
    post = (await bot.self_audit.build_post(incoming.person)).replace(reply_to=message.id)
    await bot.chat.post(message.channel.id, post, key=incoming.reply_key)
    return None
