"""A yes in reply to a question with one failure: it counts as a press of the question's button."""

import re
from dataclasses import replace

import discord

from bot.client import TheseusClient
from bot.domain.intents import Intent, Utterance
from bot.grammar.agreement import is_loose_yes, parse_agreement
from bot.intake.message import Message
from cogs.ui import is_own_message

_BUTTON = re.compile(r"theseus:decide:(fix|investigate):([0-9a-zA-Z_-]+)")


def accept_offer(
    bot: TheseusClient, request: Message, pointed_at: discord.Message | None
) -> Message:
    """Return the message as a request for the failure that the message before it offers.

    It starts what the button would, with its author's rights, and decides nothing: other messages,
    and a yes to a choice between several, stay as they are.
    """
    utterance = request.utterance
    talks = utterance.intent is Intent.CHAT or utterance.unsure
    if pointed_at is None or not talks or request.is_answer or not is_own_message(bot, pointed_at):
        return request
    if not is_loose_yes(request.text) or parse_agreement(request.text) is False:
        return request
    offers = [found for each in _list_ids(pointed_at) if (found := _BUTTON.fullmatch(each))]
    if len(offers) != 1:
        return request
    intent, error_id = Intent(offers[0][1]), offers[0][2]
    accepted = Utterance(
        intent=intent, strength="clear", recognised=True, language=utterance.language
    )
    return replace(request, utterance=accepted, error_id=error_id)


def _list_ids(message: discord.Message) -> list[str]:
    items = [item for row in message.components for item in getattr(row, "children", ())]
    return [getattr(item, "custom_id", None) or "" for item in items]
