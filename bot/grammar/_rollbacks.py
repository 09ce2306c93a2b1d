"""Requests for an older version of a text, which are asked back; not quotes or hypotheses."""

import re

from bot.authority.rollback_phrases import (
    find_plain_items,
    find_rollback_request,
    parse_rollback_order,
)
from bot.domain.intents import Setting
from bot.domain.live_items import ROLLED_BACK, RollbackRequest
from bot.grammar._clauses import Clause, split_clauses, strip_openings
from bot.grammar._language_data import ENGLISH, load_languages
from bot.grammar._language_detection import detect_language
from bot.grammar._languages import ForeignMessage
from bot.grammar._normalise import make_plain
from bot.grammar._spelling import correct_spelling
from bot.grammar.spans import extract_span

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
_HELD = "\ue000"  # marks quoted text
_DAY = re.compile(r"\b(?:from|of|on) (?P<day>\w+day)\b(?<!today)(?<!yesterday)")


def parse_rollback_request(text: str, setting: Setting) -> RollbackRequest | None:
    """Return what a message wants rolled back, or None.

    It is decided at once only if it addresses the bot outside a run's thread: inside, it may mean a
    proposed text.
    """
    if not setting.items:
        return None
    alone = setting.addressed and setting.is_text_only and not setting.about_a_proposal
    if alone and setting.reply_to is None and (wish := parse_rollback_order(text, setting.items)):
        return wish
    plain = make_plain(text, addressed=setting.addressed)
    if plain.names_someone or plain.cut:
        return None
    language = detect_language(plain.text)
    if language != ENGLISH:
        return ForeignMessage(plain, load_languages()[language]).find_rollback(setting.items)
    said = split_clauses(correct_spelling(plain.text))
    if any(_SUPPOSES.match(each.text.lower()) for each in said):
        return None
    for place, clause in enumerate(said):
        words = plain.restore(clause.text).lower()
        if _is_quoted_speech(plain.text, clause, place) or not _is_request(clause, words):
            continue
        asked = strip_openings(clause.text).rest
        if asked.startswith(_HELD):
            continue  # in quotes, or in code
        before = " ".join(each.text.lower() for each in said[:place])
        about = () if setting.about_a_proposal else find_plain_items(before, setting.items)
        order = plain.restore(asked).lower()
        wish = find_rollback_request(order, setting.items, about)
        wish = wish or find_rollback_request(words, setting.items, about)
        if wish is not None and not _is_about_proposal(wish, setting):
            return wish.replace(**_parse_time(order, wish))
    return None


def _is_request(clause: Clause, text: str) -> bool:
    """Return whether a clause is a request, and not a question or an opinion."""
    return bool(_WANTED.match(text)) or not _OPINION.match(text)


def _is_quoted_speech(text: str, clause: Clause, place: int) -> bool:
    """Return whether a clause reports what somebody said: "bob: roll it back"."""
    before = text[: text.find(clause.text)].rstrip()
    return bool(place) and before.endswith(":")


def _is_about_proposal(request: RollbackRequest, setting: Setting) -> bool:
    """Return whether code is named in a run's thread: then it is a revision for the run."""
    return setting.about_a_proposal and any(each.kind not in ROLLED_BACK for each in request.items)


def _parse_time(text: str, request: RollbackRequest) -> dict[str, object]:
    if request.number is not None:
        return {}
    day = _DAY.search(text)
    span = f"last {day['day']}" if day else extract_span(text)[0]
    return {"span": span, "steps": 0} if span else {}
