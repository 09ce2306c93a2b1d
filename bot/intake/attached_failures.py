"""Finds the failure that an attached file shows, if the message names none."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.intents import Intent, Topic
from bot.domain.journal import FailureGroup
from bot.grammar.failure_attachments import find_attached_failure
from bot.grammar.likeness import find_fitting_failures
from bot.intake.message import Message
from bot.intake.targets import KnownTargets
from bot.ports.clock import Clock

_LOOKED_AT = timedelta(days=30)  # a trace may be old


@dataclass(frozen=True, eq=False)
class AttachedFailures:
    """Reads files as data: they only select the failure and give no instruction."""

    targets: KnownTargets
    clock: Clock

    async def name_failure(self, message: Message) -> Message:
        """Return the message with the failure that its file shows, if its text names none.

        Without any text by the person, the failure is investigated and not fixed.
        """
        if not message.attached or message.is_answer or not _can_be_about_file(message):
            return message
        since = self.clock.now() - _LOOKED_AT
        failures: list[FailureGroup] = []
        for each in self.targets.every:
            failures += await each.matcher.list_failures(since)
        error_id = find_attached_failure(message.attached, failures)
        if error_id is None:
            return message
        if message.has_text:
            commands = self.targets.own.matcher.commands()
            match = find_fitting_failures(message.text, failures, commands)
            if match.certain or match.named or match.idle:
                return message
        return message.add_failure(error_id)


def _can_be_about_file(message: Message) -> bool:
    """Return whether a message asks to look at something that it does not name."""
    slots, intent = message.slots, message.intent
    if message.card or (message.replied and message.replied.error_id):
        return False
    asks_for_work = intent in (Intent.FIX, Intent.INVESTIGATE)
    if message.run and not (message.has_text and asks_for_work):
        return False  # the message is about that run
    if not message.has_text:
        return True
    if slots.run is not None or slots.pull_request is not None:
        return False
    asks_why = intent is Intent.ASK and slots.topic is Topic.CAUSE
    open_ended = intent is Intent.CHAT or message.utterance.is_unclear_request
    return asks_for_work or asks_why or open_ended
