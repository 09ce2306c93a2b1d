"""A plain yes or no to a question of the bot. It ships, rejects and ends nothing."""

import re
from typing import NamedTuple

from bot.authority.decision_sentences import GLAD
from bot.grammar._language_data import fold, load_languages
from bot.grammar._spelling import to_token_set

_YES = re.compile(
    r"(?:please )?(?:yes|yep|yeah|yup|aye|sure|ok(?:ay)?|agreed|absolutely|definitely|please"
    r"|go (?:ahead|on|for it)|do (?:it|that|so)|(?:change|fix|mend) (?:it|that|our side))\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:please )?(?:no|nope|nah|never|do not|don.?t|not (?:now|yet|needed|really)"
    r"|leave (?:it|that|our side))\b",
    re.IGNORECASE,
)
_GO_AHEAD = re.compile(
    r"(?:(?:ok(?:ay)?|yes|yep|yeah|yup|aye|sure|good|great|nice|perfect|fine|exactly|please)"
    r"[,.! ]+)*"
    r"(?:yes|yep|yeah|yup|aye|sure|ok(?:ay)?|agreed|go|go (?:ahead|on|for it)"
    r"|(?:just )?do (?:it|that)|(?:build|write|make) (?:it|that)|make it so"
    r"|that(?: is|.s) (?:it|right))"
    r"(?:,? (?:please|then|thanks))?[.! ]*",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\w+")
_DENIALS = to_token_set("no nope nah not never don dont")
_REFUSING = _DENIALS | to_token_set(
    """
    t wait hold hang on off a sec second moment minute please sorry oh whoa ok okay actually do that
    this it yet now yes thanks thank you
    """
)
_ASSENT = to_token_set(
    """
    yes yep yeah yup ya aye sure ok okay k agreed agree absolutely definitely exactly perfect great
    good nice fine cool awesome excellent lovely brilliant right correct sounds sound looks look
    looking lgtm sgtm love like approve approved approval accept accepted confirmed confirm go ahead
    on for it do this that build write make start begin proceed continue ship please thanks thank
    you so very much to me us i we s is are m re ll d let lets all as planned described just then
    now with works work happy can may should be the a plan idea theseus bot what want wanted meant
    mean yours
    """
)
_ASSENTING = _ASSENT - to_token_set(
    """
    k on for it this that please thanks thank you so very much to me us i we s is are m re ll d let
    lets all as just then now with can may should be the a plan idea theseus bot what want wanted
    meant mean yours look like
    """
)
_URGING = to_token_set(
    "go do make build write start begin proceed continue approve approved accept accepted confirm"
)
_ASKS = re.compile(r"\?\s*$")
_GLAD_SIGNS = f"{GLAD}\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_NO_BUT = re.compile(r"(?:no|nope|nah)\b[\s,.!:;-]*", re.IGNORECASE)


class ContractReply(NamedTuple):
    """A reply to the card of a requested change; without any field set, it says nothing clear.

    `may_agree` is a yes that is not on the list: a button has to confirm it.
    """

    is_go_ahead: bool = False
    correction: str = ""
    may_agree: bool = False


def parse_contract_reply(text: str) -> ContractReply:
    """Return whether the entire `text` is a plain go-ahead, or else the correction in it."""
    reply = text.strip()
    if _GO_AHEAD.fullmatch(reply):
        return ContractReply(is_go_ahead=True)
    if is_loose_yes(reply):
        return ContractReply(may_agree=True)
    correction = "" if is_refusal(reply) else _NO_BUT.sub("", reply, count=1).strip()
    return ContractReply(correction=correction if has_content(correction) else "")


def is_loose_yes(text: str) -> bool:
    """Return whether a message only agrees: each of its words is a word of assent.

    One other word ("but", "also", a number) makes it a correction.
    """
    words = [fold(word) for word in _TOKEN.findall(text)]
    if _ASKS.search(text):
        return False
    if not words:
        return bool(text.strip()) and set("".join(text.split())) <= set(_GLAD_SIGNS)
    known = [(_ASSENT, _ASSENTING)]
    known += [(each.assents, each.assents) for each in load_languages().values() if each.assents]
    return any(every.issuperset(words) and some & set(words) for every, some in known)


def is_loose_go_ahead(text: str) -> bool:
    """Return whether a message only agrees, and says to go on: "great, let's go", no praise."""
    return is_loose_yes(text) and not _URGING.isdisjoint(map(fold, _TOKEN.findall(text)))


def is_refusal(text: str) -> bool:
    """Return whether a message only refuses or holds back the current work: "no wait, don't"."""
    words = [word.lower() for word in _TOKEN.findall(text)]
    said = set(words)
    return len(words) > 1 and said <= _REFUSING and bool(said & _DENIALS)


def has_content(text: str) -> bool:
    """Return whether `text` has more than one word, unlike "hmm", "lol" or "/roll".

    In scripts that do not separate words, one "word" may be a sentence.
    """
    found = _TOKEN.findall(text)
    return len(found) > 1 or any(not word.isascii() for word in found)


def parse_agreement(text: str) -> bool | None:
    """Return whether `text` begins with a yes or a no; `None` where it is neither."""
    said = text.strip()
    if _NO.match(said):
        return False
    return True if _YES.match(said) else None
