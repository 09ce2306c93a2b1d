"""Answers in the language that somebody spoke: a sentence of it in front of the English facts."""

from bot.domain.posts import Post
from bot.grammar import Intent, Utterance, load_languages

_WORK = (Intent.INVESTIGATE, Intent.FIX, Intent.CHANGE)


def translate_answer(utterance: Utterance, answer: str | Post | None) -> str | Post | None:
    """Return the answer with what is said in front of it; to work that began there is none.

    "" stays silent. In English nothing is added: there the card says it.
    """
    says = load_languages()[utterance.language].replies
    if not says or answer == "":
        return answer
    if answer is None:
        return says["begun"] if utterance.intent in _WORK else None
    asked_back = utterance.intent in (Intent.UNCLEAR, Intent.ROLL_BACK)
    lead = says["decide" if asked_back else "answer"]
    if isinstance(answer, Post):
        return answer.replace(text=f"{lead}\n{answer.text}")
    return f"{lead}\n{answer}"


def get_small_talk(language: str) -> str:
    """Return what is understood in that language, for talk that is no request; "" in English."""
    return load_languages()[language].replies.get("talk", "")
