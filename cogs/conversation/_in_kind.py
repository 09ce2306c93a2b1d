"""Answers in the language that somebody spoke: a sentence of it in front of the English facts."""

from bot.domain.posts import Post
from bot.grammar import Intent, Utterance, languages

_WORK = (Intent.INVESTIGATE, Intent.FIX, Intent.CHANGE)


def in_kind(utterance: Utterance, answer: str | Post | None) -> str | Post | None:
    """Return the answer with what is said in front of it; to work that began there is none.

    "" stays silent. In English nothing is added: there the card says it.
    """
    says = languages()[utterance.language].says
    if not says or answer == "":
        return answer
    if answer is None:
        return says["begun"] if utterance.intent in _WORK else None
    asked_back = utterance.intent in (Intent.UNCLEAR, Intent.ROLL_BACK)
    lead = says["decide" if asked_back else "answer"]
    if isinstance(answer, Post):
        return answer.but(text=f"{lead}\n{answer.text}")
    return f"{lead}\n{answer}"


def small_talk_in(language: str) -> str:
    """Return what is understood in that language, for talk that is no request; "" in English."""
    return languages()[language].says.get("talk", "")
