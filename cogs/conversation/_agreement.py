"""Replies in a thread to the card of a requested change: a go-ahead or a correction."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.grammar import Utterance
from bot.grammar.agreement import parse_agreement, parse_contract_reply
from bot.presentation.cards import confirm_contract
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import is_answer

_WHAT_THEN = "What do you want instead? Say it here, or say “cancel” to end this."


def is_contract_reply(text: str, utterance: Utterance) -> bool:
    """Return whether the text is a yes, a no or a correction; a question is none of them."""
    word = parse_contract_reply(text)
    if (
        word.is_go_ahead
        or word.may_agree
        or (not word.correction and parse_agreement(text) is False)
    ):
        return True
    return not text.rstrip().endswith("?") and is_answer(text, utterance, replies=False)


async def handle_contract_reply(
    bot: TheseusClient, incoming: IncomingMessage, run: Run
) -> str | Post | None:
    """Go ahead or revise the brief, as the reply says; ask what is wanted after a plain no.

    An unclear yes is confirmed with a button.
    """
    word = parse_contract_reply(incoming.text)
    if word.is_go_ahead:
        await bot.agent.agreements.give(run.id, incoming.person, "text")
        return None
    if word.may_agree:
        return await _confirm(bot, incoming, run)
    if not word.correction:
        return _WHAT_THEN
    key = f"message:{incoming.message.id}"
    await bot.agent.revise(run.id, incoming.person, word.correction, "text", key)
    return None


async def _confirm(bot: TheseusClient, incoming: IncomingMessage, run: Run) -> str | Post:
    await bot.agent.permit(incoming.person, Act.READ, note="whether to go ahead")
    brief = (await bot.agent.get_history(run.id)).brief
    return confirm_contract(run, brief) if brief else _WHAT_THEN
