"""What may want an older text live, and is asked back: never what is quoted, told or supposed."""

import re

from bot.authority.rollback_words import rollback_asked, rollback_decided, spoken_of
from bot.domain.intents import Setting
from bot.domain.live_items import ROLLED_BACK, RollbackWish
from bot.grammar._clauses import Clause, clauses, peel
from bot.grammar._language_data import ENGLISH, languages
from bot.grammar._language_detection import language_of
from bot.grammar._languages import MessageIn
from bot.grammar._normalise import make_plain
from bot.grammar._words import spell
from bot.grammar.spans import span_in

_SUPPOSES = re.compile(
    r"(?:if|when|once|unless|until|before|after|in case|suppose|imagine|lol|or|no|nope|not|never"
    r"|wait|nvm|jk|just kidding|kidding)\b"
)
_OPINION = re.compile(
    r"(?:should|shall|would|will|may|might) (?:we|i|it|they|he|she|some\w+|any\w+)\b"
    r"|(?:can|could) (?:it|they|he|she|some\w+|any\w+)\b"
    r"|(?:we|some\w+|any\w+) (?:could|can|may|might|would|will)\b|some\w+|any\w+|maybe|perhaps"
)
_WANTED = re.compile(r"(?:can|could|may) (?:we|i) (?:please )?(?:have|get)\b")
_HELD = "\ue000"  # stands for what was quoted
_DAY = re.compile(r"\b(?:from|of|on) (?P<day>\w+day)\b(?<!today)(?<!yesterday)")


def rollback_wish(text: str, setting: Setting) -> RollbackWish | None:
    """Return what a message wants rolled back; `None` where it is nothing.

    It decides only where it is said to the bot alone, in no run's thread: there a text that is
    proposed may be meant.
    """
    if not setting.items:
        return None
    alone = setting.addressed and setting.words_alone and not setting.about_a_proposal
    if alone and setting.reply_to is None and (wish := rollback_decided(text, setting.items)):
        return wish
    plain = make_plain(text, addressed=setting.addressed)
    if plain.names_someone or plain.cut:
        return None
    language = language_of(plain.text)
    if language != ENGLISH:
        return MessageIn(plain, languages()[language]).goes_back(setting.items)
    said = clauses(spell(plain.text))
    if any(_SUPPOSES.match(each.text.lower()) for each in said):
        return None
    for place, clause in enumerate(said):
        words = plain.restore(clause.text).lower()
        if _is_told(plain.text, clause, place) or not _asks(clause, words):
            continue
        asked = peel(clause.text).rest
        if asked.startswith(_HELD):
            continue  # in quotes, or in code
        before = " ".join(each.text.lower() for each in said[:place])
        about = () if setting.about_a_proposal else spoken_of(before, setting.items)
        order = plain.restore(asked).lower()
        wish = rollback_asked(order, setting.items, about)
        wish = wish or rollback_asked(words, setting.items, about)
        if wish is not None and not _of_the_proposal(wish, setting):
            return wish.but(**_when(order, wish))
    return None


def _asks(clause: Clause, words: str) -> bool:
    """Whether a clause wants it, and does not ask for an opinion or say what is possible."""
    return bool(_WANTED.match(words)) or not _OPINION.match(words)


def _is_told(text: str, clause: Clause, place: int) -> bool:
    """Whether a clause is what somebody is told to have said: "bob: roll it back"."""
    before = text[: text.find(clause.text)].rstrip()
    return bool(place) and before.endswith(":")


def _of_the_proposal(wish: RollbackWish, setting: Setting) -> bool:
    """Whether code is named where it is revised: that is for the run."""
    return setting.about_a_proposal and any(each.kind not in ROLLED_BACK for each in wish.items)


def _when(words: str, wish: RollbackWish) -> dict[str, object]:
    if wish.number is not None:
        return {}
    day = _DAY.search(words)
    span = f"last {day['day']}" if day else span_in(words)[0]
    return {"span": span, "steps": 0} if span else {}
