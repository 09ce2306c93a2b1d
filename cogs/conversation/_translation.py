"""A sentence in the person's language, placed before an English answer."""

from bot.domain.posts import Post
from bot.grammar import Intent, Utterance, load_languages

_WORK = (Intent.INVESTIGATE, Intent.FIX, Intent.CHANGE)


def translate_answer(utterance: Utterance, answer: str | Post | None) -> str | Post | None:
    """Return the answer with a sentence in the person's language before it.

    Started work has no answer in English (its card says it), so only other languages get one. An
    empty answer ("") stays empty, and English answers are unchanged.
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
