"""Find the failure that an attached file shows, if the message names none."""

from datetime import timedelta

from bot.client import TheseusClient
from bot.grammar import Intent, Topic
from bot.grammar.failure_attachments import find_attached_failure
from bot.grammar.likeness import find_fitting_failures
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import find_error_id

_LOOKED_AT = timedelta(days=30)


async def name_attached_failure(bot: TheseusClient, incoming: IncomingMessage) -> None:
    """Set the failure that the attached file shows, if the text names none.

    The file is data: it only selects the failure and gives no instruction. Without any text by the
    person, the failure is investigated and not fixed.
    """
    if not incoming.attached or incoming.answers or not _can_be_about_file(bot, incoming):
        return
    failures = await bot.intake.list_failures(bot.clock.now() - _LOOKED_AT)
    error_id = find_attached_failure(incoming.attached, failures)
    if error_id is None:
        return
    if incoming.has_text:
        match = find_fitting_failures(incoming.text, failures, bot.agent.commands())
        if match.certain or match.named or match.idle:
            return
    incoming.set_failure(error_id)


def _can_be_about_file(bot: TheseusClient, incoming: IncomingMessage) -> bool:
    """Return whether a message asks to look at something that it does not name."""
    slots, intent = incoming.utterance.slots, incoming.utterance.intent
    if incoming.card or (incoming.pointed_at and find_error_id(bot, incoming.pointed_at)):
        return False
    asks_for_work = intent in (Intent.FIX, Intent.INVESTIGATE)
    if incoming.run and not (incoming.has_text and asks_for_work):
        return False  # the message is about that run
    if not incoming.has_text:
        return True
    if slots.run is not None or slots.pull_request is not None:
        return False
    asks_why = intent is Intent.ASK and slots.topic is Topic.CAUSE
    return asks_for_work or asks_why or intent is Intent.CHAT
