"""Whether text in the thread of a waiting run is the answer that the run waits for."""

import re

from bot.domain.dialogue import Question
from bot.domain.intents import Intent, Utterance
from bot.grammar.agreement import is_refusal, parse_agreement, parse_contract_reply
from bot.grammar.choices import find_choice

_MORE = re.compile(r"\b(?:also|too|as well|besides|additionally)\b", re.IGNORECASE)
_WORK = re.compile(r"\b(?:fix|investigate|look into|why|repair)\b", re.IGNORECASE)
_ENDING = {Intent.CANCEL, Intent.STOP, Intent.REJECT}


def is_answer(text: str, utterance: Utterance, *, replies: bool) -> bool:
    """Return whether text in the thread of a waiting run is the answer to its question.

    A reply to the question is the answer, unless it ends the run. Other text is the answer if the
    grammar finds no request in it. "It should be like this" counts as an answer and not as a report
    or revision, unless it explicitly asks for work.
    """
    intent = utterance.intent
    if replies:
        return intent not in (Intent.CANCEL, Intent.STOP)
    if intent is Intent.UNCLEAR:
        return is_refusal(text) or not _ENDING & set(utterance.slots.may_mean)
    if intent is Intent.REVISE:
        return not _MORE.search(text)
    if intent in (Intent.FIX, Intent.INVESTIGATE):
        return not _WORK.search(text)
    return intent is Intent.CHAT


def is_question_answer(
    question: Question, text: str, utterance: Utterance, *, replies: bool
) -> bool:
    """Return whether text in the thread answers the run's question; see `is_answer`.

    A plain choice of an offered answer counts too, even if it resembles a request, unless it ends
    the run.
    """
    if question.only_choices and find_choice(text, question.choices) is not None:
        return utterance.intent not in (Intent.CANCEL, Intent.STOP)
    if question.choices and not question.only_choices and parse_agreement(text) is not None:
        return True
    return is_answer(text, utterance, replies=replies)


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
