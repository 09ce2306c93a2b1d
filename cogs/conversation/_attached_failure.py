"""Which failure a message is about whose words name none, and whose file shows one."""

from datetime import timedelta

from bot.client import TheseusClient
from bot.grammar import Intent, Topic
from bot.grammar.attached_failures import attached_failure
from bot.grammar.likeness import fitting
from cogs.conversation._heard_message import Heard
from cogs.ui import error_id_in

_LOOKED_AT = timedelta(days=30)


async def name_attached_failure(bot: TheseusClient, heard: Heard) -> None:
    """Have a request be about the failure that its file shows, where its words name none.

    The file says which failure is meant and nothing else: it is nobody's words, and where a person
    wrote nothing with it, the failure is only investigated.
    """
    if not heard.attached or heard.answers or not _may_be_about_a_file(bot, heard):
        return
    failures = await bot.agent.failures(bot.clock.now() - _LOOKED_AT)
    error_id = attached_failure(heard.attached, failures)
    if error_id is None:
        return
    if heard.has_words:
        said = fitting(heard.text, failures, bot.agent.commands())
        if said.certain or said.named or said.idle:
            return
    heard.show_failure(error_id)


def _may_be_about_a_file(bot: TheseusClient, heard: Heard) -> bool:
    """Return whether a message asks to look at something that it does not name."""
    slots, intent = heard.utterance.slots, heard.utterance.intent
    if heard.card or (heard.pointed_at and error_id_in(bot, heard.pointed_at)):
        return False
    asks_for_work = intent in (Intent.FIX, Intent.INVESTIGATE)
    if heard.run and not (heard.has_words and asks_for_work):
        return False  # it is talk of that run
    if not heard.has_words:
        return True
    if slots.run is not None or slots.pull_request is not None:
        return False
    asks_why = intent is Intent.ASK and slots.topic is Topic.CAUSE
    return asks_for_work or asks_why or intent is Intent.CHAT
