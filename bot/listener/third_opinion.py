"""What a message asks for, if a chat model has read it too.

The model is a third opinion beside the grammar and the table. Where it contradicts what one of them
is sure of, the author is asked back with buttons. It is never asked about a decision, or what may
be one, and none of its kinds stands for one.
"""

from dataclasses import dataclass

from bot.domain.intents import Intent, Setting, Slots, Utterance
from bot.domain.message_kinds import MessageReading, ReadKind
from bot.grammar import ENGLISH, parse
from bot.grammar.subjects import build_work_slots
from bot.listener.labels import CHAT, get_intent
from bot.listener.second_opinion import SURE, ask_back, understand
from bot.listener.table import HearingTable, load_table

_CERTAIN = 0.9  # talk that the table is so sure of goes to the chat model at once, which reads it
_FAULTS = (Intent.FIX, Intent.INVESTIGATE)
_WORK = (*_FAULTS, Intent.CHANGE)
_READ = (*_WORK, Intent.CHAT, Intent.ASK, Intent.STATUS)
_INTENTS: dict[ReadKind, Intent] = {
    "fix": Intent.FIX,
    "investigate": Intent.INVESTIGATE,
    "change": Intent.CHANGE,
    "status": Intent.STATUS,
    "question": Intent.ASK,
    "talk": Intent.CHAT,
}
_KINDS = {intent: kind for kind, intent in _INTENTS.items()}


@dataclass(frozen=True)
class Hint:
    """What grammar and table make of a message without a model.

    Attributes:
        utterance: What they make of it together.
        sure: What the table is sure of; `None` if it is not sure, or has not learnt the language.
        grammar: What the grammar alone makes of it.
        is_plain_talk: Whether it is talk beyond doubt.
    """

    utterance: Utterance
    sure: Intent | None = None
    grammar: Intent = Intent.CHAT
    is_plain_talk: bool = False

    @property
    def kind(self) -> ReadKind:
        """What the model is told that it may be."""
        return _KINDS.get(self.utterance.intent, "unclear")


def build_hint(text: str, setting: Setting, table: HearingTable | None = None) -> Hint:
    """Return what the message asks for as far as is known without a model."""
    utterance = understand(text, setting.replace(has_chat_model=False), table)
    rating = (table or load_table()).rate(text)
    share = rating.shares[rating.label]
    is_sure = share >= SURE and utterance.language == ENGLISH
    sure = get_intent(rating.label) if is_sure else None
    talks = utterance.intent is Intent.CHAT and rating.label == CHAT and share >= _CERTAIN
    return Hint(utterance, sure, parse(text, setting).intent, is_plain_talk=talks)


def can_read(parsed: Utterance, hint: Hint, setting: Setting) -> bool:
    """Return whether a model may read a message.

    It has to be addressed to the bot, and neither exact nor a possible decision. What is said to a
    run or a card is not read: that is where people decide.

    Args:
        parsed: The message as the intake has it, where a model answers talk.
        hint: The same without a model.
        setting: Where it was said.
    """
    if not setting.is_for_bot or setting.about_a_proposal or hint.is_plain_talk:
        return False
    if parsed.is_unspecific or not (
        parsed.intent in (*_WORK, Intent.CHAT) or parsed.is_unclear_request
    ):
        return False
    return hint.utterance.intent in _READ or hint.utterance.is_unclear_request


def combine(text: str, setting: Setting, hint: Hint, reading: MessageReading) -> Utterance:
    """Return what the message asks for; `chat` if the chat model should answer it."""
    utterance, intent = hint.utterance, _INTENTS.get(reading.kind)
    if intent is None:
        return _ask(utterance, (utterance.intent, *utterance.slots.may_mean), reading)
    if _is_same(intent, utterance.intent):
        return _choose_goal(utterance, intent)
    if utterance.intent in _WORK:
        return _ask(utterance, (intent, utterance.intent), reading)
    if hint.sure is not None and not _is_same(intent, hint.sure):
        return _ask(utterance, (intent, hint.sure), reading)
    if hint.grammar in _WORK and not (hint.sure or _is_same(intent, hint.grammar)):
        return _ask(utterance, (intent, hint.grammar), reading)
    return _build(text, setting, utterance, intent, reading.subject)


def _choose_goal(utterance: Utterance, intent: Intent) -> Utterance:
    """Return the request that both found, with the model's goal unless the words were clear."""
    if intent is Intent.ASK:
        return _build_talk(utterance)
    if intent in _FAULTS and utterance.strength != "clear":
        return utterance.replace(intent=intent)
    return utterance


def _build(
    text: str, setting: Setting, utterance: Utterance, intent: Intent, subject: str
) -> Utterance:
    if intent in (Intent.CHAT, Intent.ASK):
        return _build_talk(utterance)
    slots = Slots() if intent is Intent.STATUS else build_work_slots(text, setting)
    if intent in _FAULTS and subject:
        slots = slots.replace(subject=subject)
    return utterance.replace(intent=intent, slots=slots, strength="weak", recognised=True)


def _build_talk(utterance: Utterance) -> Utterance:
    """Return the message as talk: the chat model answers it, also a question."""
    return utterance.replace(intent=Intent.CHAT, slots=Slots(), strength="none", recognised=False)


def _ask(utterance: Utterance, may_mean: tuple[Intent, ...], reading: MessageReading) -> Utterance:
    asked = ask_back(utterance, tuple(each for each in may_mean if each in (*_WORK, Intent.ASK)))
    if not asked.slots.may_mean:  # a status, a note: those have no button
        asked = ask_back(utterance, (Intent.ASK,))
    return asked.replace(slots=asked.slots.replace(question=reading.question))


def _is_same(intent: Intent, other: Intent) -> bool:
    return intent is other or {intent, other} <= set(_FAULTS)
