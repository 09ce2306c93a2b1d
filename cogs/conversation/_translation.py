"""Answers in the person's language: by a model, or else a fixed sentence before the English."""

import structlog

from bot.client import TheseusClient
from bot.domain.errors import StoreError
from bot.domain.posts import Post
from bot.grammar import ENGLISH, Intent, Utterance, load_languages
from bot.intake.answer_translations import AnswerTranslations, can_translate
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._model_calls import measure_call, note_cost

_WORK = (Intent.INVESTIGATE, Intent.FIX, Intent.CHANGE)
_BEGUN = "I am on it. You can follow it in the thread."
_log = structlog.stdlib.get_logger(__name__)


async def translate_reply(
    bot: TheseusClient, incoming: IncomingMessage, answer: str | Post | None
) -> str | Post | None:
    """Return an answer as its reader should get it; `None` and "" are no answers.

    Started work has no answer in English (its card says it), so only other languages get one.
    """
    utterance, english = incoming.request.utterance, answer
    if answer is None and utterance.intent in _WORK:
        english = _BEGUN
    post = english if isinstance(english, Post) else Post(text=english or "")
    translations = bot.find_part(AnswerTranslations)
    if translations is None or incoming.request.language == ENGLISH or not can_translate(post):
        return add_lead(utterance, answer)
    try:
        text = await _translate(bot, translations, incoming, post.text)
    except StoreError as error:
        _log.warning("the answer to %s stays English: %s", incoming.message.id, error)
        return add_lead(utterance, answer)
    if text == post.text:
        return add_lead(utterance, answer)
    return post.replace(text=f"{text}\n-# 🌐 {translations.translator.name}")


async def _translate(
    bot: TheseusClient, translations: AnswerTranslations, incoming: IncomingMessage, text: str
) -> str:
    """Return the text in the person's language. Each model's translation is in the journal."""
    message, request = incoming.message, incoming.request
    known = await translations.find(text, request.language)
    if known is not None:
        return known
    agent = translations.translator.name
    with measure_call(bot, message, "translate", agent) as call:
        translated, made = await translations.make(
            text, request.language, request.person, message.id
        )
        if made is not None:
            note_cost(call, made)
    return translated


def add_lead(utterance: Utterance, answer: str | Post | None) -> str | Post | None:
    """Return the answer with a fixed sentence in the person's language before it, if there is one.

    An empty answer ("") stays empty, and English answers are unchanged.
    """
    replies = load_languages()[utterance.language].replies
    if not replies or answer == "":
        return answer
    if answer is None:
        return replies["begun"] if utterance.intent in _WORK else None
    asked_back = utterance.intent in (Intent.UNCLEAR, Intent.ROLL_BACK)
    lead = replies["decide" if asked_back else "answer"]
    if isinstance(answer, Post):
        return answer.replace(text=f"{lead}\n{answer.text}")
    return f"{lead}\n{answer}"


def get_small_talk(language: str) -> str:
    """Return the answer to small talk in that language; "" for English."""
    return load_languages()[language].replies.get("talk", "")
