"""Requests for a change: something new or different, without a failure.

Clauses are read in order, and the first clear one decides: an order or a wish makes it a change; a
report or a request to look does not. "Add a check, /roll crashes" is a change; "/roll crashes, add
a check" is a report that suggests a fix.
"""

import re

from bot.domain.intents import Intent, Strength
from bot.grammar._change_phrases import (
    BOT_PART,
    CERTAIN,
    DESIRE_PHRASE,
    DISLIKED,
    DISPLAY_VERB,
    HOW,
    ORDER,
    PART_DESIRE_PHRASE,
    PERFORMED,
    TEXT_OR_TEST,
    TITLED,
)
from bot.grammar._clauses import Clause, StrippedClause, split_clauses, strip_openings
from bot.grammar._fault_phrases import (
    CAN_BE_FIXED,
    FAULT_TERM,
    FIX,
    FIX_AROUND,
    FIX_NEEDED,
    LOOK_WHY,
    MENDS_OR_LOOKS,
)
from bot.grammar._fault_reports import find_fault_report
from bot.grammar._normalise import make_plain
from bot.grammar._spelling import correct_spelling
from bot.grammar._subject import clean_subject
from bot.grammar._work_request import WorkRequest

LONGEST_SUBJECT = 200
"""The most characters of a request that are stored as its subject."""

_FAILS = re.compile(
    r"\b(?:crash\w*|fail\w*|broken?|breaks|errors?|bust(?:s|ed)|blow(?:s|n)? up|blew up"
    r"|explode[sd]?|\w+(?:Error|Exception)|exceptions?|tracebacks?"
    r"|hangs?|hung|stuck|rais(?:es|ed|ing)|thr(?:ows?|ew)|tim(?:es?|ed|ing)[ -]?out"
    r"|(?:not|n't|stop(?:s|ped)) (?:work|respond|answer|repl|load|run)\w*)\b",
    re.IGNORECASE,
)
_FEATURE_REQUEST = re.compile(r"^\W*feature[ -]request\W+(?P<rest>\w.+)", re.I | re.DOTALL)
_REPAIR_ORDER = re.compile(
    r"^(?:mak|let)\w* .*\b(?:not|n't|stop|never|no longer|again)\b|^\S+ (?:an? |the |some )?"
    r"(?:quick |proper |real )?(?:fix|repair|work-?around|patch)\b",
    re.IGNORECASE,
)
_VAGUE_OBJECT = re.compile(
    r"^\S+ (?:(?:this|that|it|them|something|things)$|everything\b(?! (?:about|of)\b))",
    re.IGNORECASE,
)
_NOUN_FIRST = re.compile(
    r"^\S+ (?:is|are|was|were|has|have|had|does|do|did|can|can't|could|will|would|should|must"
    r"|isn't|aren't|doesn't|don't|didn't|won't|never|always|keeps?|of|in|on|from|with|and|or)\b",
    re.IGNORECASE,
)
# "it adds what it should take away": "should" describes the right behaviour here, not a wish.
_MEASURED = re.compile(r"\b(?:what|than|as|like) (?:it|they|this|that|the \w+) should\b", re.I)
_BASE_FORM = re.compile(r"^[a-z][a-z-]+$", re.IGNORECASE)
_INFLECTED = re.compile(r"(?:ing|ed|ly|[^su]s)$", re.IGNORECASE)


def is_failure_statement(text: str) -> bool:
    """Return whether `text` says that something fails, raises or does not work at all."""
    return bool(_FAILS.search(text))


_MANNER = re.compile(r"(?:please )?(?:be (?:a (?:bit|little|lot) )?(?:less|more)|learn) \w", re.I)


def has_bot_part(text: str) -> bool:
    """Return whether `text` names a part of a bot (an option, an embed, the tests).

    A text about how "you" should be counts too: that addresses the bot.
    """
    return bool(BOT_PART.search(text) or _MANNER.match(text))


def is_change_request(text: str) -> bool:
    """Return whether `text` asks for a change, or is about texts, tests or looks and no failure.

    A new test for an error is a change; a help text that crashes is a failure.
    """
    return (
        find_change_request(
            split_clauses(correct_spelling(make_plain(text, addressed=True).text)), text
        )
        is not None
    )


def find_change_request(clauses: tuple[Clause, ...], text: str) -> WorkRequest | None:
    """Return the change that a message asks for, or None."""
    titled = TITLED.match(text)
    if titled and not _is_repair_or_look(strip_openings(titled["rest"]).rest):
        return _request(" ".join(titled["rest"].split()), "clear")
    for number, clause in enumerate(clauses):
        if (found := _change_in(clause)) is not None:
            mended = found.strength == "weak" and any(map(_is_fix_order, clauses[number + 1 :]))
            return None if mended and not DISLIKED.search(clause.text) else found
        rest = strip_openings(clause.text).rest
        if find_fault_report(clause) or (_is_repair_or_look(rest) and rest.lower() != "fix"):
            return None
    return None


def parse_feature_request(text: str) -> WorkRequest | None:
    """Return the request in a message that begins with "feature request:"."""
    found = _FEATURE_REQUEST.match(text)
    return _request(" ".join(found["rest"].split()), "clear") if found else None


def _change_in(clause: Clause) -> WorkRequest | None:
    """Return the change that one clause asks for."""
    opened = strip_openings(clause.text)
    if _is_part_desire(opened.rest):
        return _request(opened.rest, "weak", opened)
    if clause.asks and not (opened.request or opened.group):
        return None
    if _is_order(opened):
        return _request(opened.rest, "clear", opened)
    if _is_text_fix(opened.rest) or _is_desire(clause, opened):
        return _request(opened.rest or clause.text, "weak", opened)
    return None


def _request(wanted: str, strength: Strength, opened: StrippedClause | None = None) -> WorkRequest:
    return WorkRequest(
        Intent.CHANGE,
        wanted.strip(" ,.!?;:")[:LONGEST_SUBJECT],
        strength,
        group=bool(opened and opened.group),
        request=bool(opened and opened.request),
    )


def _is_order(opened: StrippedClause) -> bool:
    """Return whether a clause without its opening orders a change, and not a fix or a look."""
    text = opened.rest
    if FIX_AROUND.match(text) or _REPAIR_ORDER.match(text) or _VAGUE_OBJECT.match(text):
        return False
    if ORDER.match(text):
        if not opened.gerund and re.match(r"\S+ing\b", text):
            return False
        return bool(CERTAIN.match(text)) or not (_NOUN_FIRST.match(text) or _has_fault_report(text))
    return _is_part_order(text)


def _is_part_order(text: str) -> bool:
    """Return whether another verb acts on a part of a bot: "default /poll to two options"."""
    verb, _, rest = text.partition(" ")
    if not BOT_PART.search(rest) or _is_repair_or_look(text):
        return False
    if DISPLAY_VERB.match(text):
        return bool(HOW.search(rest)) and not _has_fault_report(text)
    known = verb.lower() in PERFORMED or not _BASE_FORM.match(verb) or _INFLECTED.search(verb)
    return bool(CERTAIN.match(text)) and not (known or _has_fault_report(text))


def _is_fix_order(clause: Clause) -> bool:
    """Return whether a clause is "fix it": the clause before it then says what is wrong today."""
    found = FIX.match(strip_openings(clause.text).rest)
    return found is not None and not clean_subject(found["object"])


def _is_text_fix(text: str) -> bool:
    """Return whether "fix" is about a text or a test: the journal has no failure of those."""
    found = FIX.match(text)
    first = found["object"].partition(" and ")[0] if found else ""
    return bool(TEXT_OR_TEST.search(first)) and not is_failure_statement(text)


def _is_desire(clause: Clause, opened: StrippedClause) -> bool:
    """Return whether a clause wishes for or dislikes something, and does not say that it fails."""
    text = clause.text
    if _is_repair_or_look(opened.rest) or FIX_NEEDED.match(text) or CAN_BE_FIXED.match(text):
        return False
    if is_failure_statement(text) or _MEASURED.search(text):
        return False
    if DESIRE_PHRASE.search(text) or DESIRE_PHRASE.search(opened.rest):
        return not _has_fault_report(text)
    return bool(DISLIKED.search(text))


def _is_part_desire(text: str) -> bool:
    """Return whether a clause wishes for something about a part of a bot and names no fault."""
    named = PART_DESIRE_PHRASE.search(text) and BOT_PART.search(text.replace("a poll", "polls"))
    fault = is_failure_statement(text) or FAULT_TERM.search(text) or _MEASURED.search(text)
    return bool(named) and not (fault or _has_fault_report(text))


def _is_repair_or_look(text: str) -> bool:
    asked = any(words.match(text) for words in (*MENDS_OR_LOOKS, LOOK_WHY))
    return asked and not _is_text_fix(text)


def _has_fault_report(text: str) -> bool:
    return find_fault_report(Clause(text)) is not None
