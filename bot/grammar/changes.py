"""Change: is something wished for that nobody had to break first, and what is it?

Read clause by clause, and the first that tells decides: an order or a wish makes it a change, a
complaint or a request to look makes it none. "Add a check, /roll crashes" is a wish; "/roll
crashes, add a check" is a complaint, and what is added is how to mend it.
"""

import re

from bot.domain.intents import Intent, Strength
from bot.grammar._change_words import (
    CERTAIN,
    DISLIKED,
    HOW,
    OF_WORDS,
    ORDER,
    PERFORMED,
    SHOWN,
    THING,
    TITLED,
    WISHED,
    WISHED_OF_A_THING,
)
from bot.grammar._clauses import Clause, Peeled, clauses, peel
from bot.grammar._complaints import complaint_in
from bot.grammar._fault_words import (
    CAN_BE_FIXED,
    FAULT_WORD,
    FIX,
    FIX_AROUND,
    FIX_NEEDED,
    LOOK_WHY,
    MENDS_OR_LOOKS,
)
from bot.grammar._normalise import make_plain
from bot.grammar._subject import clean_subject
from bot.grammar._words import spell
from bot.grammar._work_request import WorkRequest

LONGEST_SUBJECT = 200
"""Characters of what is wished for that are kept as its subject."""

_FAILS = re.compile(
    r"\b(?:crash\w*|fail\w*|broken?|breaks|errors?|bust(?:s|ed)|blow(?:s|n)? up|blew up"
    r"|explode[sd]?|\w+(?:Error|Exception)|exceptions?|tracebacks?"
    r"|hangs?|hung|stuck|rais(?:es|ed|ing)|thr(?:ows?|ew)|tim(?:es?|ed|ing)[ -]?out"
    r"|(?:not|n't|stop(?:s|ped)) (?:work|respond|answer|repl|load|run)\w*)\b",
    re.IGNORECASE,
)
_FEATURE_REQUEST = re.compile(r"^\W*feature[ -]request\W+(?P<rest>\w.+)", re.I | re.DOTALL)
_TO_MEND = re.compile(
    r"^(?:mak|let)\w* .*\b(?:not|n't|stop|never|no longer|again)\b|^\S+ (?:an? |the |some )?"
    r"(?:quick |proper |real )?(?:fix|repair|work-?around|patch)\b",
    re.IGNORECASE,
)
_NOTHING_NAMED = re.compile(
    r"^\S+ (?:(?:this|that|it|them|something|things)$|everything\b(?! (?:about|of)\b))",
    re.IGNORECASE,
)
_NOUN_FIRST = re.compile(
    r"^\S+ (?:is|are|was|were|has|have|had|does|do|did|can|can't|could|will|would|should|must"
    r"|isn't|aren't|doesn't|don't|didn't|won't|never|always|keeps?|of|in|on|from|with|and|or)\b",
    re.IGNORECASE,
)
# "it adds what it should take away": what ought to be is what a thing is measured by, and no wish.
_MEASURED = re.compile(r"\b(?:what|than|as|like) (?:it|they|this|that|the \w+) should\b", re.I)
_BASE_FORM = re.compile(r"^[a-z][a-z-]+$", re.IGNORECASE)
_INFLECTED = re.compile(r"(?:ing|ed|ly|[^su]s)$", re.IGNORECASE)


def says_it_fails(text: str) -> bool:
    """Return whether `text` says that something fails, raises or does not work at all."""
    return bool(_FAILS.search(text))


_MANNER = re.compile(r"(?:please )?(?:be (?:a (?:bit|little|lot) )?(?:less|more)|learn) \w", re.I)


def names_part(text: str) -> bool:
    """Return whether `text` names what a bot is made of (an option, an embed, the tests), or how
    whoever is spoken to should be: that is said to the bot.
    """
    return bool(THING.search(text) or _MANNER.match(text))


def asks_for_change(text: str) -> bool:
    """Return whether `text` wishes for a change, or is about words, tests or looks and no failure.

    A test that is to be added for an error is a change; a help text that crashes is a failure.
    """
    return change_request(clauses(spell(make_plain(text, addressed=True).text)), text) is not None


def change_request(said: tuple[Clause, ...], text: str) -> WorkRequest | None:
    """Return what change a message wishes for; `None` where it wishes for none."""
    titled = TITLED.match(text)
    if titled and not _to_mend_or_look(peel(titled["rest"]).rest):
        return _request(" ".join(titled["rest"].split()), "clear")
    for number, clause in enumerate(said):
        if (found := _change_in(clause)) is not None:
            mended = found.strength == "weak" and any(map(_orders_a_fix, said[number + 1 :]))
            return None if mended and not DISLIKED.search(clause.text) else found
        rest = peel(clause.text).rest
        if complaint_in(clause) or (_to_mend_or_look(rest) and rest.lower() != "fix"):
            return None
    return None


def feature_request(text: str) -> WorkRequest | None:
    """Return what a message wishes for that begins with "feature request:"."""
    found = _FEATURE_REQUEST.match(text)
    return _request(" ".join(found["rest"].split()), "clear") if found else None


def _change_in(clause: Clause) -> WorkRequest | None:
    """Return the change that one clause wishes for."""
    opened = peel(clause.text)
    if _wishes_of_a_thing(opened.rest):
        return _request(opened.rest, "weak", opened)
    if clause.asks and not (opened.request or opened.group):
        return None
    if _orders(opened):
        return _request(opened.rest, "clear", opened)
    if _mends_words(opened.rest) or _wishes(clause, opened):
        return _request(opened.rest or clause.text, "weak", opened)
    return None


def _request(wanted: str, strength: Strength, opened: Peeled | None = None) -> WorkRequest:
    return WorkRequest(
        Intent.CHANGE,
        wanted.strip(" ,.!?;:")[:LONGEST_SUBJECT],
        strength,
        group=bool(opened and opened.group),
        request=bool(opened and opened.request),
    )


def _orders(opened: Peeled) -> bool:
    """Whether a clause without its opening orders a change, and is neither complaint nor mend."""
    text = opened.rest
    if FIX_AROUND.match(text) or _TO_MEND.match(text) or _NOTHING_NAMED.match(text):
        return False
    if ORDER.match(text):
        if not opened.gerund and re.match(r"\S+ing\b", text):
            return False
        return bool(CERTAIN.match(text)) or not (_NOUN_FIRST.match(text) or _complains(text))
    return _orders_of_a_thing(text)


def _orders_of_a_thing(text: str) -> bool:
    """Whether any other verb is said of what a bot is made of: "default /poll to two options"."""
    verb, _, rest = text.partition(" ")
    if not THING.search(rest) or _to_mend_or_look(text):
        return False
    if SHOWN.match(text):
        return bool(HOW.search(rest)) and not _complains(text)
    known = verb.lower() in PERFORMED or not _BASE_FORM.match(verb) or _INFLECTED.search(verb)
    return bool(CERTAIN.match(text)) and not (known or _complains(text))


def _orders_a_fix(clause: Clause) -> bool:
    """Whether a clause is "fix it": what should be, said before it, is what is wrong today."""
    found = FIX.match(peel(clause.text).rest)
    return found is not None and not clean_subject(found["object"])


def _mends_words(text: str) -> bool:
    """Whether "fix" is said of a text or a test: nothing in a journal shows what is wrong there."""
    found = FIX.match(text)
    first = found["object"].partition(" and ")[0] if found else ""
    return bool(OF_WORDS.search(first)) and not says_it_fails(text)


def _wishes(clause: Clause, opened: Peeled) -> bool:
    """Whether a clause wishes, or dislikes how something is, and does not say that it fails."""
    text = clause.text
    if _to_mend_or_look(opened.rest) or FIX_NEEDED.match(text) or CAN_BE_FIXED.match(text):
        return False
    if says_it_fails(text) or _MEASURED.search(text):
        return False
    if WISHED.search(text) or WISHED.search(opened.rest):
        return not _complains(text)
    return bool(DISLIKED.search(text))


def _wishes_of_a_thing(text: str) -> bool:
    """Whether a clause names what a bot is made of, wishes something of it and names no fault."""
    named = WISHED_OF_A_THING.search(text) and THING.search(text.replace("a poll", "polls"))
    fault = says_it_fails(text) or FAULT_WORD.search(text) or _MEASURED.search(text)
    return bool(named) and not (fault or _complains(text))


def _to_mend_or_look(text: str) -> bool:
    asked = any(words.match(text) for words in (*MENDS_OR_LOOKS, LOOK_WHY))
    return asked and not _mends_words(text)


def _complains(text: str) -> bool:
    return complaint_in(Clause(text)) is not None
