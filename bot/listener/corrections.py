"""Obeys what people said that a sentence means. A sentence that may decide is never changed."""

import re
import unicodedata

from bot.domain.intents import REQUESTS, Intent, Setting, Slots, Utterance
from bot.listener.features import extract_features
from bot.listener.second_opinion import ask_back, explain

_SIMILAR = 0.7  # the share of common words from which on two sentences may mean the same
_END = " .!\N{HORIZONTAL ELLIPSIS}"
_WORD = "w:"
_COMMAND = re.compile(r"[/!][a-z][\w-]*")
_NO_COMMAND = "w:/command"  # every command has this feature; here the name counts
_CORRECTABLE = (*REQUESTS, Intent.CHAT)
_FAULTS = (Intent.FIX, Intent.INVESTIGATE)


def normalise(text: str) -> str:
    """Return the text by which equal sentences are known: case, spaces and a full stop are none."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(_END)


def find_words(text: str) -> frozenset[str]:
    """Return the words that two sentences are compared by; a command counts by its name."""
    words = {each for each in extract_features(text) if each.startswith(_WORD)} - {_NO_COMMAND}
    return frozenset(words | set(_COMMAND.findall(text.casefold())))


def is_similar(words: frozenset[str], others: frozenset[str]) -> bool:
    """Return whether most of the words of two sentences are the same."""
    return bool(words) and len(words & others) >= _SIMILAR * len(words | others)


def can_correct(utterance: Utterance, setting: Setting) -> bool:
    """Return whether people's corrections count for a message.

    They do not for a decision, for what resembles one, and for what is said to a run or a card.
    """
    if setting.about_a_proposal or utterance.is_unspecific:
        return False
    return utterance.intent in _CORRECTABLE or utterance.is_unclear_request


def obey(text: str, setting: Setting, utterance: Utterance, meaning: Intent) -> Utterance:
    """Return a message as what its author said that this sentence means."""
    if not can_correct(utterance, setting) or utterance.intent is meaning:
        return utterance
    if meaning is Intent.CHAT:
        return utterance.replace(intent=meaning, slots=Slots(), strength="none", recognised=False)
    return explain(text, setting, meaning)


def ask_if_different(utterance: Utterance, setting: Setting, meaning: Intent) -> Utterance:
    """Return a message as unclear, if a similar sentence was said to mean something else.

    A message to nobody is left alone.
    """
    if not can_correct(utterance, setting) or _is_same_kind(utterance.intent, meaning):
        return utterance
    if not setting.is_for_bot:
        return utterance.replace(recognised=False)
    if utterance.is_unclear_request:
        return ask_back(utterance, (meaning, *utterance.slots.may_mean))
    return ask_back(utterance, (meaning, utterance.intent))


def _is_same_kind(intent: Intent, other: Intent) -> bool:
    return intent is other or {intent, other} <= set(_FAULTS)
